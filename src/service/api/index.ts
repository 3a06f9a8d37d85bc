export type * from './batches.js';
export type { Page, ProblemDocument } from './common.js';
export type * from './jobs.js';
export type * from './plans.js';
export type * from './schedules.js';
export type * from './service.js';
