import { removeGuestFolder } from '../../guests/index.js';
import { toXenferryError } from '../../model/errors.js';
import { beginImport } from '../../targets/xapi-pool/index.js';
import type { ClaimedJob } from '../job.js';
import { warmImport } from '../live/warm-import.js';
import type { WarmSource } from '../live/warm-source.js';
import { checkMachine } from './check-machine.js';
import { importOf } from './machine-import.js';
import type { PoolWork } from './pool-work.js';
import { settle } from './settle.js';

/** A machine that runs at its source until the last of it is moved. */
export async function deliverWarm(work: PoolWork, job: ClaimedJob, source: WarmSource): Promise<void> {
  const { marks, blackOuts } = work;
  const { planned, held } = job;
  const mark = marks.ofMachine(planned.machine.id);
  checkMachine(work, planned);
  // What was moved of it before is not what it is now.
  await held.reset();
  for (const folder of await held.otherGuestFolders()) await removeGuestFolder(folder);
  work.begun.set(mark, job);
  const told: string[] = [];
  try {
    const imported = await warmImport({
      context: work,
      job,
      source,
      blackOuts,
      begin: async (images, mended) => {
        const wanted = await importOf(work, job, images, mended);
        told.push(...wanted.notes);
        return await beginImport(wanted.import);
      },
    });
    await held.finishStep('verify', 'done', imported.readBackBytes);
    const seconds = ((Date.now() - (source.downSince ?? Date.now())) / 1000).toFixed(1);
    told.push(`from its shutdown at the source until it was whole in the pool it took ${seconds} s`);
    await settle(work, job, { ...imported, notes: [...imported.notes, ...told] });
  } catch (error) {
    work.contact.lost = toXenferryError(error).code === 'POOL_UNREACHABLE';
    await held.reset();
    throw error;
  } finally {
    await removeGuestFolder(held.guestFolder);
  }
}
