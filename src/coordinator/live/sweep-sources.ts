import { isToUndo, type UnfinishedSource } from '../../ledger/index.js';
import { toXenferryError } from '../../model/errors.js';
import type { PlannedMachine } from '../../model/plan.js';
import type { BatchContext } from '../job.js';
import { undoChanges } from './change-source.js';

/** Machines at a time. */
const AT_ONCE = 8;

/**
 * Takes back what runs that were killed, or could not reach the server, have left at the sources of a target folder's
 * machines; of all but those that `isSpared`. `onTheirWay`: ids of jobs that a run goes on
 * with, whose changes must still be tracked. Returns what is left all the same, one sentence each. Rejects with LEDGER_*.
 */
export async function sweepSources(
  { ledger, liveServers, target }: Pick<BatchContext, 'ledger' | 'liveServers' | 'target'>,
  isSpared: (job: UnfinishedSource) => boolean | Promise<boolean> = () => false,
  onTheirWay: ReadonlySet<number> = new Set(),
): Promise<{ readonly undone: readonly string[]; readonly left: readonly string[] }> {
  const [undone, left]: [string[], string[]] = [[], []];
  const waiting = (await ledger.sourceChanges.jobsToUndo(target)).values();
  const work = async (): Promise<void> => {
    for (const job of waiting) {
      if (await isSpared(job)) continue;
      const planned: PlannedMachine | null = JSON.parse(job.planned);
      if (planned === null || planned.live === null) continue;
      const { name, live } = planned;
      try {
        const changes = ledger.sourceChanges;
        const tracked = onTheirWay.has(job.jobId);
        const records = (await changes.ofJob(job.jobId)).filter(
          (change) => isToUndo(change) && !(tracked && change.kind === 'changeTracking'),
        );
        if (records.length === 0) continue;
        const client = await liveServers.of(live.server);
        const machine = { type: 'VirtualMachine', value: live.objectId };
        const failed = await undoChanges({ client, machine, changes }, records);
        left.push(...failed.map((what) => `${name}: ${what}`));
        const open = new Set((await changes.ofJob(job.jobId)).filter(isToUndo).map(({ id }) => id));
        undone.push(...records.filter(({ id }) => !open.has(id)).map(({ kind }) => `${name}: ${kind}`));
      } catch (error) {
        const { message } = toXenferryError(error);
        left.push(`${name}: what was changed at its source still is to be undone: ${message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { undone, left };
}
