import { removeGuestFolder } from '../../guests/index.js';
import { toXenferryError } from '../../model/errors.js';
import { blockCount } from '../../model/units.js';
import { beginImport, disksStillThere, type FoundDisk } from '../../targets/xapi-pool/index.js';
import { maskOf } from '../block-runs.js';
import type { MoveEnd } from '../delivery.js';
import type { ClaimedJob } from '../job.js';
import { type BroughtDisk, warmImport } from '../live/warm-import.js';
import type { WarmSource } from '../live/warm-source.js';
import { isKept } from '../stop-reasons.js';
import { checkMachine } from './check-machine.js';
import { removeMade } from './leftovers.js';
import { importOf, placementOf } from './machine-import.js';
import type { PoolWork } from './pool-work.js';
import { settle } from './settle.js';

/** A machine that runs at its source until the last of it is moved. */
export async function deliverWarm(work: PoolWork, job: ClaimedJob, source: WarmSource): Promise<MoveEnd> {
  const { marks, blackOuts, signal } = work;
  const { planned, held } = job;
  const mark = marks.ofMachine(planned.machine.id);
  checkMachine(work, planned);
  const brought = await broughtDisks(work, job);
  if (brought.length === 0) await held.reset();
  for (const folder of await held.otherGuestFolders()) await removeGuestFolder(folder);
  work.begun.set(mark, job);
  const told: string[] = [];
  try {
    const imported = await warmImport({
      context: work,
      job,
      source,
      blackOuts,
      brought,
      begin: async (images, mended) => {
        const wanted = await importOf(work, job, images, mended);
        told.push(...wanted.notes);
        return await beginImport(wanted.import, brought);
      },
    });
    if (imported === null) return 'waits';
    await held.finishStep('verify', 'done', imported.readBackBytes);
    const { notes } = await work.ledger.job(job.record.id);
    await settle(work, job, { ...imported, notes: [...new Set([...notes, ...imported.notes, ...told])] });
    await held.warm.arrived();
    return 'moved';
  } catch (error) {
    const { code } = toXenferryError(error);
    work.contact.lost = code === 'POOL_UNREACHABLE';
    const isGood = code !== 'VERIFY_MISMATCH' && (!signal.aborted || isKept(signal));
    if (!isGood || (await held.warm.disks()).length === 0) {
      await held.reset();
      // What cannot be removed now goes at the end of the run.
      if (!work.contact.lost) await removeMade(work, mark).catch(() => {});
    }
    throw error;
  } finally {
    await removeGuestFolder(held.guestFolder);
  }
}

/** What earlier runs have brought of a machine, by disk; null for a disk that is not there, nothing for a machine that is new. */
async function broughtDisks(
  work: PoolWork,
  { planned, held }: ClaimedJob,
): Promise<((FoundDisk & BroughtDisk) | null)[]> {
  const { machine } = planned;
  const noted = await held.warm.disks();
  if (noted.length !== machine.disks.length) return [];
  const known = await Promise.all(
    noted.map(async (disk) => {
      const blocks = blockCount(machine.disks[disk.disk]?.capacityBytes ?? 0);
      const { uncompared } = disk;
      return {
        ...disk,
        records: await held.blockJournal(disk.disk).load(),
        uncompared: uncompared === null ? null : maskOf(uncompared, blocks),
      };
    }),
  );
  const jobId = work.marks.ofMachine(machine.id);
  const found = await disksStillThere(work, { placement: placementOf(work, planned), jobId }, known);
  if (found.every((disk) => disk === null)) return [];
  return found.map((disk, index) => {
    const { changeId = null, mended = null } = known[index] ?? {};
    return disk === null ? null : { ...disk, changeId, mended };
  });
}
