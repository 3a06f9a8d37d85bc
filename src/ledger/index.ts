export { backUpLedger, type Restored, restoreLedger } from './backup.js';
export { checkLedgerFile, type LedgerFacts } from './check-ledger.js';
export { type JobOutput, type JobRecord, type JobSpec, Ledger, type RecordedError } from './ledger.js';
export { databaseFile, ledgerFolder } from './ledger-place.js';
export type { JobState, LedgerSchema, StepName, StepState } from './schema.js';
