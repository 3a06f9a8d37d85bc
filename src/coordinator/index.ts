export type { BatchEvent, BatchObserver } from './batch-events.js';
export type { GuestOutcome } from './fix-machine.js';
export { type BatchOptions, type BatchResult, runBatch } from './run-batch.js';
