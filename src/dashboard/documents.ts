import type {
  BatchSummary,
  JobDetail,
  JobSummary,
  NewOrder,
  OutlookSummary,
  PlanDocument,
  Role,
} from '../service/api/index.js';

/** Names for the parts of the service's answers. Its schemas stay on the server. */
export type {
  BatchSummary,
  EventDocument as EventRecord,
  IssuedToken,
  JobDetail,
  JobSummary,
  NewSchedule,
  Order,
  Overview,
  Page,
  PlanDocument,
  ProgressEvent,
  Role,
  RollbackProspect,
  Sample,
  Schedule,
  Session,
  Timeline,
  TimelineJob,
  Token,
  Worker,
} from '../service/api/index.js';

export type Stage = BatchSummary['stage'];
export type Counts = BatchSummary['counts'];
export type HopRate = OutlookSummary['hops'][number];
export type JobState = JobSummary['state'];
export type OrderVerb = NewOrder['verb'];
export type OrderScope = NewOrder['scope'];
export type PlanMachine = PlanDocument['machines'][number];
export type SourceChange = JobDetail['sourceChanges'][number];
export type Concern = PlanDocument['concerns'][number];

/** Each may do what those before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const satisfies readonly Role[];

export const JOB_STATES = [
  'planned',
  'fixing',
  'converting',
  'verifying',
  'finishing',
  'paused',
  'done',
  'failed',
  'cancelled',
  'rollingBack',
  'rolledBack',
] as const satisfies readonly JobState[];
