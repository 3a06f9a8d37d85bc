export { askPool, judgeByPool } from './ask-pool.js';
export type { BatchEvent, BatchObserver } from './batch-events.js';
export { cleanUpPool } from './clean-up-pool.js';
export type { GuestOutcome } from './fix-machine.js';
export { guestToolsFolder } from './guest-tools-folder.js';
export { type PreparedPlanning, planPrepared, readPlanning } from './read-planning.js';
export { type BatchOptions, type BatchResult, runBatch } from './run-batch.js';
