export type { QueuedJob, QueuePlace } from './backend.js';
export { JobQueue } from './job-queue.js';
export { QueueWorker, type QueueWorkerOptions } from './queue-worker.js';
