import { z } from 'zod';
import { BYTES, ID, INSTANT, LABEL, MIGRATION_TEXT, PAGE_QUERY, pageOf } from './common.js';
import { JOB_STATES } from './jobs.js';

export const BATCH_STAGES = ['draft', 'queued', 'running', 'ended'] as const;

const HOP_RATE = z.object({
  /** host, datastore, link, threads, targetHost or repository. */
  kind: z.string(),
  name: z.string(),
  bytesPerSecond: BYTES,
  /** What it can give; null while nobody knows. */
  capacity: BYTES.nullable(),
});

const WINDOW_NOW = z.object({
  name: z.string(),
  opensAt: INSTANT,
  closesAt: INSTANT,
  open: z.boolean(),
});

/** What the scheduler last said of a batch. */
export const OUTLOOK_SUMMARY = z.object({
  at: INSTANT,
  /** Forecast; null when nothing is left or nothing is known. */
  endsAt: INSTANT.nullable(),
  /** As the plan had it. */
  estimateEndsAt: INSTANT.nullable(),
  /** Machines that would not end in their window. */
  unfit: z.int(),
  /** In words: `source read on esx03`. */
  bottleneck: z.string().nullable(),
  window: WINDOW_NOW.nullable(),
  machinesAtOnce: z.int(),
  /** Bytes a second that may go over the wire now; null: no cap. */
  bandwidth: BYTES.nullable(),
  hops: z.array(HOP_RATE),
});

export const BATCH_SUMMARY = z.object({
  id: ID,
  name: z.string(),
  stage: z.enum(BATCH_STAGES),
  /** Folder of the report. */
  target: z.string(),
  /** In words: the pool's address, or the target folder. */
  destination: z.string(),
  startedAt: INSTANT.nullable(),
  finishedAt: INSTANT.nullable(),
  /** Machines by state. */
  counts: z.object({
    waiting: z.int(),
    running: z.int(),
    paused: z.int(),
    done: z.int(),
    failed: z.int(),
    cancelled: z.int(),
    /** Taken back to their source, or on the way there. */
    rolledBack: z.int(),
  }),
  machines: z.int(),
  dataBytes: BYTES,
  movedBytes: BYTES,
  bytesPerSecond: BYTES,
  onHold: z.boolean(),
  outlook: OUTLOOK_SUMMARY.nullable(),
});

export const BATCH_PAGE = pageOf(BATCH_SUMMARY);
export const BATCH_QUERY = PAGE_QUERY.extend({ stage: z.enum(BATCH_STAGES).optional() });

export const NEW_BATCH = z.strictObject({
  name: LABEL,
  migration: MIGRATION_TEXT,
  /** Queued at once, where nothing stands against it. */
  start: z.boolean().default(false),
});

export const NEW_MIGRATION = z.strictObject({ migration: MIGRATION_TEXT });

const ORDER_VERBS = ['pause', 'resume', 'cancel', 'retry', 'refix'] as const;
const ORDER_SCOPES = ['batch', 'wave', 'machine'] as const;

export const NEW_ORDER = z.strictObject({
  verb: z.enum(ORDER_VERBS),
  scope: z.enum(ORDER_SCOPES),
  /** Name of the wave, or the machine's id; empty for the batch. */
  subject: z.string().max(1000).default(''),
});

export const ORDER = z.object({
  id: ID,
  at: INSTANT,
  /** Name of the token. */
  givenBy: z.string(),
  verb: z.enum(ORDER_VERBS),
  scope: z.enum(ORDER_SCOPES),
  subject: z.string(),
  /** Null while the coordinator has not obeyed. */
  obeyedAt: INSTANT.nullable(),
});

export const ORDER_PAGE = pageOf(ORDER);

const SAMPLE = z.object({
  at: INSTANT,
  bytesPerSecond: BYTES,
  /** Machines. */
  running: z.int(),
  /** Bytes a second by `KIND NAME`. */
  hops: z.record(z.string(), BYTES),
});

export const TIMELINE = z.object({
  now: INSTANT,
  window: WINDOW_NOW.nullable(),
  /** `YYYY-MM-DD`. */
  blackOuts: z.array(z.string()),
  /** At most 1,000, evenly thinned out, oldest first. */
  samples: z.array(SAMPLE),
  /** At most 2,000, in the plan's order. */
  jobs: z.array(
    z.object({
      id: ID,
      name: z.string(),
      state: z.enum(JOB_STATES),
      startedAt: INSTANT.nullable(),
      endedAt: INSTANT.nullable(),
      expectedStart: INSTANT.nullable(),
      expectedEnd: INSTANT.nullable(),
    }),
  ),
  endsAt: INSTANT.nullable(),
  estimateEndsAt: INSTANT.nullable(),
});

export type OutlookSummary = z.infer<typeof OUTLOOK_SUMMARY>;
export type BatchSummary = z.infer<typeof BATCH_SUMMARY>;
export type BatchPage = z.infer<typeof BATCH_PAGE>;
export type NewBatch = z.input<typeof NEW_BATCH>;
export type NewOrder = z.input<typeof NEW_ORDER>;
export type Order = z.infer<typeof ORDER>;
export type Sample = z.infer<typeof SAMPLE>;
export type Timeline = z.infer<typeof TIMELINE>;
export type TimelineJob = Timeline['jobs'][number];
