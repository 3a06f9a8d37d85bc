import { XenferryError } from '../../../src/model/errors.js';

/** Code and line of the error `action` throws. */
export function codeAndLine(action: () => unknown): readonly [string, number | undefined] {
  try {
    action();
  } catch (error) {
    if (error instanceof XenferryError) return [error.code, error.place.line];
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The XenferryError a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<XenferryError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof XenferryError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
