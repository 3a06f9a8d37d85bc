export type { AnswerBook } from './answer-book.js';
export { backUpLedger, type Restored, restoreLedger } from './backup.js';
export type { BatchDesk, BatchToRun, FiledBatch } from './batch-desk.js';
export { checkLedgerFile, type LedgerFacts } from './check-ledger.js';
export type { EventLog, LedgerEvent } from './event-log.js';
export type { JobLedger, JobOutput } from './job-ledger.js';
export type { JobRecord, RecordedError, Rollback } from './job-record.js';
export { type BatchRecord, type JobSpec, Ledger } from './ledger.js';
export { databaseFile, ledgerFolder } from './ledger-place.js';
export type { FailureRecord, NightRecords, ProgressRecord, ProgressRow } from './night-records.js';
export type { Order, OrderSpec } from './order-book.js';
export { type LedgerPlace, readLedgerPlace } from './place.js';
export type { PlaceBook } from './place-book.js';
export type { ScheduleBook, ScheduleRecord } from './schedule-book.js';
export type {
  BatchStage,
  EventKind,
  JobState,
  LedgerSchema,
  OrderScope,
  OrderVerb,
  StepName,
  StepState,
  WarmPassKind,
} from './schema.js';
export { RUNNING_STATES } from './schema.js';
export {
  isToUndo,
  type SourceChangeRecord,
  type SourceChangeSpec,
  type SourceChanges,
  type UnfinishedSource,
} from './source-changes.js';
export type { TargetLock } from './store.js';
export type { TokenBook, TokenRecord } from './token-book.js';
export type { BatchCounts, BatchRow, JobFile, JobFilter, JobOrder, JobRow, LedgerViews } from './views.js';
export type { WarmDisk, WarmJournal } from './warm-journal.js';
export type { CutoverRecord, WarmPass } from './warm-moves.js';
export type { JobStanding, WorkerRecord } from './worker-register.js';
