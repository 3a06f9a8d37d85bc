import { toXenferryError } from '../../model/errors.js';
import type { Delivery } from '../delivery.js';
import type { BatchContext, ClaimedJob } from '../job.js';
import { refused } from '../refix-output.js';
import type { ChangedMachine } from './change-source.js';
import { moveDisks } from './move-disks.js';
import { reachSource } from './reach-source.js';
import { wasStarted } from './refuse-source.js';
import { withDiskPlaces } from './source-limits.js';
import { readSourceMachine, type SourceMachine } from './source-machine.js';
import { SourcePlaces } from './source-places.js';
import { filesOf, versionOf } from './source-version.js';

/**
 * Mends the guest of a machine anew that is there already; its disks must stand at the source as they were moved. Rejects
 * as `Delivery.refix` does, with VSPHERE_*, SOURCE_CHANGED.
 */
export async function refixWithSource(
  context: BatchContext,
  job: ClaimedJob,
  delivery: Delivery,
): Promise<void> {
  const { live } = job.planned;
  if (live === null) return await delivery.refix(job, context);
  const at = await reachSource(context, job, live);
  const known = await job.held.sourceVersion();
  if (known === null) throw refused('it was moved while it ran: what it was then is gone at its source');
  const now = await readSourceMachine(at.client, at.machine, context.signal).catch((error: unknown) => {
    if (toXenferryError(error).code !== 'VSPHERE_OBJECT_MISSING') throw error;
    throw refused('it is gone at its source');
  });
  const places = new SourcePlaces(context.ledger.places, job.held);
  const signal = AbortSignal.any([context.signal, places.lost]);
  const placed = { ...context, signal };
  try {
    await withDiskPlaces({ client: at.client, places, signal }, now, async () => {
      const { disks } = await unchangedSource(at, job, known, signal);
      await moveDisks(placed, job, at, at.machine, disks, (there) => delivery.refix(there, placed));
      const after = await readSourceMachine(at.client, at.machine, signal);
      if (after.powerState !== 'poweredOff') throw wasStarted(at);
    });
  } catch (error) {
    // What failed because of that says less.
    if (!context.signal.aborted) places.lost.throwIfAborted();
    throw error;
  }
}

/** The machine, off and with the files that were moved. Rejects with REFIX_REFUSED for one that is not so. */
async function unchangedSource(
  at: ChangedMachine,
  job: ClaimedJob,
  known: string,
  signal: AbortSignal,
): Promise<SourceMachine> {
  const now = await readSourceMachine(at.client, at.machine, signal);
  if (now.powerState !== 'poweredOff') throw refused('it is not off at its source any more');
  if (filesOf(await versionOf(at, job, now)) === filesOf(known)) return now;
  throw refused('its disks at the source are not those any more that were moved');
}
