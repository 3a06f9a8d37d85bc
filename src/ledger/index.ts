export type { AnswerBook } from './answer-book.js';
export type { BatchDesk, FiledBatch, OrderRecord } from './batch-desk.js';
export type { EventRow, EventViews, ProgressRow } from './event-views.js';
export { type JobOutput, type JobRecord, type JobSpec, Ledger } from './ledger.js';
export type { RecordedError } from './recorded-error.js';
export type { ScheduleBook, ScheduleRecord } from './schedule-book.js';
export {
  type BatchStage,
  type JobState,
  type LedgerSchema,
  RUNNING_STATES,
  type StepName,
  type StepState,
} from './schema.js';
export type { TokenBook, TokenRecord } from './token-book.js';
export type { BatchCounts, BatchRow, JobFile, JobFilter, JobOrder, JobRow, LedgerViews } from './views.js';
