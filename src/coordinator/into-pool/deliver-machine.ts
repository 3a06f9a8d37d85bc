import { join } from 'node:path';
import { removeGuestFolder } from '../../guests/index.js';
import type { ImageSource } from '../../images/index.js';
import { toXenferryError } from '../../model/errors.js';
import { type ImportedMachine, importMachine } from '../../targets/xapi-pool/index.js';
import { guestToGoOnWith } from '../deliver-output.js';
import { mendedDisks, wantsFixups } from '../fix-machine.js';
import { type ClaimedJob, fixGuest, signOf } from '../job.js';
import { besideManifestChecks } from '../manifest-checks.js';
import { mendedBlocks } from '../mended-blocks.js';
import { withReadableDisks } from '../readable-disks.js';
import { isKept } from '../stop-reasons.js';
import { checkMachine } from './check-machine.js';
import { importOf } from './machine-import.js';
import type { PoolWork } from './pool-work.js';
import { settle } from './settle.js';

/** Brings a machine whose disks are at rest; rejects as `Delivery.deliver` does. */
export async function deliverMachine(work: PoolWork, job: ClaimedJob): Promise<void> {
  const { signal, profiles, marks } = work;
  const { planned, held } = job;
  const mark = marks.ofMachine(planned.machine.id);
  checkMachine(work, planned);
  const { known, guestFolder } = await guestToGoOnWith(held, true);
  work.begun.set(mark, job);
  try {
    const imported = await withReadableDisks(
      planned.machine,
      join(work.target, planned.output),
      { inOnePiece: wantsFixups(planned, profiles), signal },
      async (disks) => {
        const guest = known ?? (await fixGuest(work, job, disks));
        return await convertInto(work, job, mendedDisks(disks, guest, guestFolder));
      },
    );
    await settle(work, job, imported);
    await removeGuestFolder(guestFolder);
  } catch (error) {
    work.contact.lost = toXenferryError(error).code === 'POOL_UNREACHABLE';
    // What a guest's layers hold is as good for the next attempt, unless it is what failed.
    if (!isKept(signal) && toXenferryError(error).category !== 'pool') {
      await held.reset();
      await removeGuestFolder(guestFolder);
    }
    throw error;
  }
}

/** Converts the disks on their way into the pool. */
async function convertInto(
  work: PoolWork,
  job: ClaimedJob,
  images: readonly ImageSource[],
): Promise<ImportedMachine> {
  const { pool, signal } = work;
  const mended = await Promise.all(images.map((image) => mendedBlocks(image, signal)));
  const wanted = await importOf(work, job, images, () => mended);
  const means = { pool, signal, onSign: signOf(work, job) };
  const imported = await besideManifestChecks(job.planned.machine, means, (both) =>
    importMachine({ ...wanted.import, signal: both }),
  );
  await job.held.finishStep('verify', 'done', imported.readBackBytes);
  return { ...imported, notes: [...imported.notes, ...wanted.notes] };
}
