import type { SerializedError } from '../model/errors.js';

/** What was written down about an error; the stack stays out of it. */
export type RecordedError = Omit<SerializedError, 'stack'>;
