export { type AskedPool, askPool, judgeByPool } from './ask-pool.js';
export type { BatchEvent, BatchObserver } from './batch-events.js';
export { cleanUpPool } from './clean-up-pool.js';
export type { GuestOutcome } from './fix-machine.js';
export type { JobRunner } from './job-runner.js';
export { QueueRunner } from './queue-runner.js';
export { type BatchOptions, type BatchResult, runBatch } from './run-batch.js';
export { runOneJob, type WorkerContext } from './run-remote.js';
export { workerName } from './worker-name.js';
