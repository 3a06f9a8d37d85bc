import { describeError, toXenferryError } from '../../model/errors.js';
import { findOwned, type OwnedObject, removeOwned } from '../../targets/xapi-pool/index.js';
import type { XapiClient } from '../../xapi/index.js';
import { isWhole } from '../clean-up-pool.js';
import type { BatchContext } from '../job.js';
import type { JobMarks } from '../job-marks.js';
import type { PoolWork } from './pool-work.js';

/** What is left in the pool. */
interface Spared {
  /** Marks of the jobs that this is about; null: all. */
  readonly only: ReadonlySet<string> | null;
  /** UUIDs of disks that jobs go on with. */
  readonly kept: ReadonlySet<string>;
}

/** Removes what was never finished, of all jobs or of some. Returns the VMs that were, by their job's mark. */
export async function clearLeftovers(
  client: XapiClient,
  { ledger, target }: BatchContext,
  { prefix, batch }: JobMarks,
  { only, kept }: Spared,
): Promise<Map<string, OwnedObject>> {
  const all = await findOwned(client, prefix);
  const owned = only === null ? all : all.filter(({ jobId }) => only.has(jobId));
  const landed = await ledger.landedVms(target);
  const whole = owned.filter((one) => isWhole(one, landed));
  const marks = owned.map(({ jobId }) => jobId).filter((mark) => mark !== batch);
  const stays = new Set([...whole.map(({ uuid }) => uuid), ...kept]);
  if (marks.length > 0) await removeOwned(client, new Set(marks), stays);
  return new Map(whole.map((vm) => [vm.jobId, vm]));
}

/** Removes what broken attempts left. What cannot be removed now goes with the next run, or `xenferry cleanup`. */
export async function removeLeftovers(work: PoolWork): Promise<readonly string[]> {
  const { client, begun, arrived, contact, ledger, batchId } = work;
  try {
    if (begun.size === 0) return [];
    // It was waited for long enough.
    if (contact.lost)
      return ['what broken attempts left in the pool is removed by the next run: it cannot be reached'];
    const kept = await ledger.warmMoves.keptDisks(batchId);
    const stays = new Set([...[...arrived.values()].map(({ uuid }) => uuid), ...kept]);
    const { left } = await removeOwned(client, new Set(await stillOurs(begun)), stays);
    return left.map(({ what, reason }) => `${what} is still in the pool: ${reason}`);
  } catch (error) {
    const reason = describeError(toXenferryError(error));
    return [`what broken attempts left in the pool could not be looked for: ${reason}`];
  } finally {
    await client.close();
  }
}

/** Removes what carries a job's mark in the pool and is not whole. Rejects as `removeOwned` does. */
export async function removeMade({ client, arrived, earlier }: PoolWork, mark: string): Promise<void> {
  const whole = [...arrived.values(), ...earlier.values()].map(({ uuid }) => uuid);
  await removeOwned(client, new Set([mark]), new Set(whole));
}

/** Marks of the jobs that nobody has taken over: what carries those of others is what they make now. */
async function stillOurs(begun: PoolWork['begun']): Promise<string[]> {
  const marks = await Promise.all(
    [...begun].map(([mark, { held }]) =>
      held.check().then(
        () => [mark],
        () => [],
      ),
    ),
  );
  return marks.flat();
}
