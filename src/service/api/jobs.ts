import { z } from 'zod';
import { SOURCE_CHANGES } from '../../model/live.js';
import { BYTES, ID, INSTANT, PAGE_QUERY, pageOf } from './common.js';
import { CONCERN } from './concerns.js';

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
] as const;

const HOLD = z.object({
  kind: z.string(),
  reason: z.string(),
  /** When time alone may change it. */
  until: INSTANT.nullable(),
});

export const JOB_SUMMARY = z.object({
  id: ID,
  batchId: ID,
  machineId: z.string(),
  name: z.string(),
  wave: z.string(),
  state: z.enum(JOB_STATES),
  /** What it does now. */
  step: z.string().nullable(),
  movedBytes: BYTES,
  dataBytes: BYTES,
  bytesPerSecond: BYTES,
  startedAt: INSTANT.nullable(),
  endedAt: INSTANT.nullable(),
  /** When its source had it again. */
  rolledBackAt: INSTANT.nullable(),
  expectedStart: INSTANT.nullable(),
  expectedEnd: INSTANT.nullable(),
  /** Whether it would end in its window; null when nobody said. */
  fits: z.boolean().nullable(),
  /** What it waits for. */
  hold: HOLD.nullable(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
  worker: z.string().nullable(),
  /** Runs so far. */
  attempts: z.int(),
  /** Since when it has not advanced, when that is too long. */
  stuckSince: INSTANT.nullable(),
  onHold: z.boolean(),
});

export const JOB_DETAIL = JOB_SUMMARY.extend({
  os: z.string().nullable(),
  firmware: z.string().nullable(),
  cpus: z.int().nullable(),
  memoryBytes: BYTES.nullable(),
  steps: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['running', 'done', 'failed']),
      startedAt: INSTANT,
      finishedAt: INSTANT.nullable(),
      bytes: BYTES,
    }),
  ),
  disks: z.array(
    z.object({
      index: z.int(),
      name: z.string(),
      capacityBytes: BYTES,
      dataBytes: BYTES.nullable(),
      digest: z.string().nullable(),
      storage: z.string().nullable(),
    }),
  ),
  nics: z.array(z.object({ network: z.string(), mac: z.string().nullable() })),
  concerns: z.array(CONCERN),
  /** What was done to the guest; null when nobody looked at it. */
  guest: z
    .object({
      /** The system that was found; null when it was left as it is. */
      title: z.string().nullable(),
      /** Why it was left as it is; null when it was changed. */
      left: z.string().nullable(),
      changes: z.array(
        z.object({
          fixup: z.string(),
          done: z.array(z.string()),
          atFirstBoot: z.array(z.string()),
          warnings: z.array(z.string()),
        }),
      ),
      files: z.array(z.object({ path: z.string(), change: z.enum(['write', 'append', 'link', 'remove']) })),
    })
    .nullable(),
  /** At its source, those made in their order, then those to come. */
  sourceChanges: z.array(
    z.object({
      kind: z.enum(SOURCE_CHANGES),
      /** `stands`: it is to be taken back yet. `kept`: the machine has moved, it stays so. */
      state: z.enum(['planned', 'stands', 'undone', 'kept']),
      begunAt: INSTANT.nullable(),
      /** Null when nobody knows whether it was made. */
      madeAt: INSTANT.nullable(),
      undoneAt: INSTANT.nullable(),
    }),
  ),
  /** Until when it can be taken back to its source without force; null for one that cannot. */
  rollbackUntil: INSTANT.nullable(),
  notes: z.array(z.string()),
  /** UUID of the VM that it became in a pool. */
  landed: z.string().nullable(),
  /** File or folder in the target folder. */
  output: z.string().nullable(),
  /** Newest first, at most 100. */
  failures: z.array(z.object({ at: INSTANT, code: z.string(), message: z.string() })),
});

export const ROLLBACK_WISH = z.strictObject({
  /** Pulls the plug of a VM whose guest does not shut down, and takes a machine back whose days are over. */
  force: z.boolean().default(false),
});

export const ROLLBACK_QUERY = z.object({ force: z.stringbool().default(false) });

export const ROLLBACK_PROSPECT = z.object({
  /** What is done, in this order. */
  steps: z.array(z.string()),
  /** What has to be known beforehand. */
  warnings: z.array(z.string()),
  /** What stands against it; null for nothing. */
  refusal: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
});

export const JOB_PAGE = pageOf(JOB_SUMMARY);

const JOB_ORDERS = ['plan', 'name', 'ends'] as const;

export const JOB_QUERY = PAGE_QUERY.extend({
  state: z.enum(JOB_STATES).optional(),
  wave: z.string().max(500).optional(),
  /** Part of the name; letter case does not count. */
  search: z.string().min(1).max(200).optional(),
  /** `ends`: those with a forecast, the first to end first. */
  order: z.enum(JOB_ORDERS).default('plan'),
});

export const EVENT = z.object({
  id: ID,
  at: INSTANT,
  batchId: ID.nullable(),
  jobId: ID.nullable(),
  /** batch, job, order, obeyed, window, trouble, stuck, worker or rollback. */
  kind: z.string(),
  data: z.unknown(),
});

export const EVENT_PAGE = pageOf(EVENT);

export type JobSummary = z.infer<typeof JOB_SUMMARY>;
export type JobDetail = z.infer<typeof JOB_DETAIL>;
export type JobPage = z.infer<typeof JOB_PAGE>;
export type EventDocument = z.infer<typeof EVENT>;
export type RollbackProspect = z.infer<typeof ROLLBACK_PROSPECT>;
/** Sent without an id: not kept. */
export interface ProgressEvent {
  readonly jobs: readonly {
    readonly id: number;
    readonly step: string;
    readonly movedBytes: number;
    readonly bytesPerSecond: number;
  }[];
}
