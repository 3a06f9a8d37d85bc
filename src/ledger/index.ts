export type { LedgerEvent } from './event-log.js';
export { type JobOutput, type JobRecord, type JobSpec, Ledger, type RecordedError } from './ledger.js';
export type { FailureRecord, ProgressRecord } from './night-records.js';
export type { Order, OrderSpec } from './order-book.js';
export type {
  BatchStage,
  EventKind,
  JobState,
  LedgerSchema,
  OrderScope,
  OrderVerb,
  StepName,
  StepState,
} from './schema.js';
export { ORDER_SCOPES, ORDER_VERBS } from './schema.js';
