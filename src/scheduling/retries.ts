import type { ErrorCode } from '../model/errors.js';
import type { Policy } from '../model/night.js';

/** What may be gone by itself the next time. The rest of the catalogue stays until somebody does something. */
const CAN_PASS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SOURCE_UNREADABLE',
  'NBD_PROTOCOL',
  'POOL_UNREACHABLE',
  'POOL_BUSY',
  'POOL_UPLOAD_FAILED',
  'POOL_TASK_LOST',
  'POOL_OBJECT_MISSING',
  'WORKER_CRASHED',
  'STEP_STUCK',
]);

/** How a job has failed so far. */
export interface JobFailures {
  readonly last: { readonly at: number; readonly code: ErrorCode };
  readonly total: number;
  /** Without those where its host, datastore or repository failed for others as well. */
  readonly own: number;
}

/** When a failed job may be tried again, in milliseconds since 1970; null when that makes no sense. */
export function retryAt(failures: JobFailures | undefined, { retries }: Policy): number | null {
  if (failures === undefined || failures.own >= retries.attempts || !CAN_PASS.has(failures.last.code))
    return null;
  return failures.last.at + backOff(failures.total, retries) * 1000;
}

/** Seconds: the first pause, doubled with each further time (`times` from 1), up to the longest. */
export function backOff(
  times: number,
  pauses: { readonly firstPauseSeconds: number; readonly longestPauseSeconds: number },
): number {
  return Math.min(pauses.longestPauseSeconds, pauses.firstPauseSeconds * 2 ** (times - 1));
}
