export { withCancelFlag } from './cancel-flag.js';
export { type RunOptions, type TaskKind, WorkerThreadsPool } from './pool.js';
export { giveSign, withSigns } from './signs.js';
export { threadEntry } from './task-result.js';
