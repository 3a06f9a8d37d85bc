import type { CutoverRecord, Ledger, LedgerSchema, WarmPass, WarmPassKind } from '../ledger/index.js';
import { groupBy } from '../model/group-by.js';

/** How a machine was moved while it ran. */
export interface WarmReport {
  /** Each time that its disks were read, oldest first. */
  readonly passes: readonly PassReport[];
  /** Since when it waits for its cutover window, in milliseconds since 1970; null when it does not. */
  readonly waitingSince: number | null;
  /** When it was asked to shut down for good, in milliseconds since 1970; null before that. */
  readonly downAt: number | null;
  /** Milliseconds from then until it could be started in the pool; null before that. */
  readonly downtimeMs: number | null;
  /** Milliseconds from then until it was started there; null where the run did not start it. */
  readonly startedMs: number | null;
}

export interface PassReport {
  /** `first`: all of the disks; `changes`: while it ran; `last`: once it was shut down. */
  readonly kind: WarmPassKind;
  /** Milliseconds since 1970. */
  readonly begunAt: number;
  /** Null for one that was broken off. */
  readonly seconds: number | null;
  /** Of the disks, that were written in the pool. */
  readonly bytes: number;
}

/** What the ledger says of a batch's machines that are or were moved while they ran; null for another. */
export async function warmReports(
  ledger: Ledger,
  batchId: number,
): Promise<(jobId: number, steps: readonly LedgerSchema['steps'][]) => WarmReport | null> {
  const passes = groupBy(await ledger.warmMoves.passesOf(batchId), ({ jobId }) => String(jobId));
  const cutovers = new Map((await ledger.warmMoves.cutoversOf(batchId)).map((one) => [one.jobId, one]));
  return (jobId, steps) => {
    const own = passes.get(String(jobId));
    return own === undefined ? null : warmReport(own, cutovers.get(jobId), steps);
  };
}

function warmReport(
  passes: readonly WarmPass[],
  cutover: CutoverRecord | undefined,
  steps: readonly LedgerSchema['steps'][],
): WarmReport {
  const { waitingSince = null, downAt = null, readyAt = null } = cutover ?? {};
  const startedAt = steps.find(({ name, state }) => name === 'start' && state === 'done')?.finished_at;
  return {
    passes: passes.map(({ kind, begunAt, endedAt, bytes }) => ({
      kind,
      begunAt,
      seconds: endedAt === null ? null : (endedAt - begunAt) / 1000,
      bytes,
    })),
    waitingSince,
    downAt,
    downtimeMs: since(downAt, readyAt),
    startedMs: since(downAt, startedAt ?? null),
  };
}

function since(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : to - from;
}
