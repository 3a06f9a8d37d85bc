export { type JobOutput, type JobRecord, type JobSpec, Ledger, type RecordedError } from './ledger.js';
export type { JobState, LedgerSchema, StepName, StepState } from './schema.js';
