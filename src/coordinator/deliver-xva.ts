import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { convertToXva, type DiskProgress, VERIFY, type XvaFile } from '../conversion/index.js';
import { removeGuestFolder } from '../guests/index.js';
import type { ImageSource } from '../images/index.js';
import { PartialFile, partialLength } from '../io/partial-file.js';
import { type ErrorCode, toXenferryError, XenferryError } from '../model/errors.js';
import { type XvaPlan, xvaPlan } from '../targets/xva-folder/index.js';
import { withCancelFlag } from '../worker-threads-pool/index.js';
import type { Delivery } from './delivery.js';
import { fileSize } from './file-size.js';
import { keptOutcome, mendedDisks, wantsFixups } from './fix-machine.js';
import { type BatchContext, enterStep, fixGuest, type PlannedJob, recordConverted } from './job.js';
import { besideManifestChecks, surveyDisks } from './manifest-checks.js';
import { withReadableDisks } from './readable-disks.js';

/** After these the partial file is worth keeping: the next run goes on with it. */
const RESUMABLE: readonly ErrorCode[] = ['CANCELED', 'SOURCE_UNREADABLE', 'WORKER_CRASHED', 'INTERNAL'];

/** Machines become .xva files in the target folder. */
export function xvaDelivery(context: BatchContext): Delivery {
  return {
    surroundings: (planned) => xvaPlan(planned, context.profiles).ovaXml,
    // An earlier run verified the output and it still stands under its final name.
    isFinished: async ({ record, planned }) =>
      record.outputBytes !== null &&
      (await fileSize(join(context.target, planned.output))) === record.outputBytes,
    deliver: (job) => deliver(context, job),
    close: async () => {},
  };
}

async function deliver(context: BatchContext, job: PlannedJob): Promise<void> {
  const { ledger, signal, profiles, target } = context;
  const { record, planned } = job;
  const { id } = record;
  const xva = xvaPlan(planned, profiles);
  const path = join(target, planned.output);
  await refuseForeignFile(path, xva.vmUuid);
  const guestFolder = ledger.guestFolder(id);
  const begun = await partialLength(path);
  // Blocks of a guest that must be mended anew are not those that would be converted now.
  const known = begun === null ? null : await keptOutcome(await ledger.guest(id), guestFolder);
  const verified = known !== null && begun === record.outputBytes;
  if (known === null) await ledger.resetJob(id);
  const partial = await PartialFile.open(path, known !== null);
  try {
    if (!verified) {
      const file = await withReadableDisks(
        planned.machine,
        partial.path,
        { inOnePiece: wantsFixups(planned, profiles), signal },
        async (disks) => {
          const guest = known ?? (await fixGuest(context, job, disks));
          return await convert(context, job, xva, mendedDisks(disks, guest, guestFolder), partial);
        },
      );
      const fileBytes = await verify(context, job, partial, file);
      await partial.sync();
      await ledger.recordOutput(id, fileBytes);
    }
    await partial.publish();
    await ledger.clearBlocks(id);
    await removeGuestFolder(guestFolder);
  } catch (error) {
    if (signal.aborted || RESUMABLE.includes(toXenferryError(error).code)) await partial.keep();
    else {
      await partial.discard();
      await ledger.resetJob(id);
      await removeGuestFolder(guestFolder);
    }
    throw error;
  }
}

async function convert(
  context: BatchContext,
  job: PlannedJob,
  { ovaXml, diskIds }: XvaPlan,
  images: readonly ImageSource[],
  partial: PartialFile,
): Promise<XvaFile> {
  const { ledger, pool, checksum, digest, observe } = context;
  const { machine } = job.planned;
  await enterStep(context, job, 'convert');
  const surveys = await surveyDisks(images, context.signal);
  const disks = surveys.map(({ source, allocated }, index) => ({
    source,
    allocated,
    diskId: diskIds[index] ?? '',
    journal: ledger.blockJournal(job.record.id, index),
    onProgress: (progress: DiskProgress) =>
      observe({ kind: 'progress', name: machine.name, disk: index, progress }),
  }));
  const file = await besideManifestChecks(machine, pool, context.signal, (signal) =>
    convertToXva({ pool, ovaXml, disks, checksum, digest, threads: pool.threads, signal }, partial),
  );
  await recordConverted(context, job, file.disks);
  return file;
}

/** Reads the archive back before it gets its name. Returns its length in bytes. */
async function verify(
  context: BatchContext,
  job: PlannedJob,
  partial: PartialFile,
  file: XvaFile,
): Promise<number> {
  await enterStep(context, job, 'verify');
  context.signal.throwIfAborted();
  const expected = file.disks.map(({ records }) => records);
  const { bytes } = await withCancelFlag(context.signal, (canceled) =>
    context.pool.run(VERIFY, { kind: 'xva', path: partial.path, expected, canceled }),
  );
  await context.ledger.finishStep(job.record.id, 'verify', 'done', bytes);
  return file.fileBytes;
}

/** Only an archive of the same machine is ever replaced. */
async function refuseForeignFile(path: string, vmUuid: string): Promise<void> {
  if ((await fileSize(path)) === null) return;
  const handle = await open(path, 'r');
  try {
    const head = Buffer.alloc(4096);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    if (head.subarray(0, bytesRead).includes(`<name>uuid</name><value>${vmUuid}</value>`)) return;
  } finally {
    await handle.close();
  }
  throw new XenferryError('TARGET_EXISTS', 'a file of that name exists and is not this machine', {
    file: path,
    hint: 'Move the file away or choose another target.',
  });
}
