import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { convertToXva } from '../conversion/index.js';
import type { MadeDisk } from '../images/index.js';
import { PartialFile, partialLength, partialPath } from '../io/partial-file.js';
import type { FileDestination } from '../model/destination.js';
import { XenferryError } from '../model/errors.js';
import { type XvaPlan, xvaPlan } from '../targets/xva-folder/index.js';
import { indexXvaDisks } from '../xva/index.js';
import { isZstd, isZstdInstalled, zstdDecompress } from '../zstd/index.js';
import { writeCompressedXva } from './compressed-xva.js';
import { convertDisks, verifyFiles } from './convert-and-verify.js';
import { deliverOutput, type OpenOutput } from './deliver-output.js';
import type { Delivery } from './delivery.js';
import { fileSize } from './file-size.js';
import type { BatchContext, ClaimedJob, PlannedJob } from './job.js';
import { type RefixableOutput, refixOutput } from './refix-output.js';

type Compression = (FileDestination & { kind: 'xva' })['compression'];

/** As much of an archive as its VM's record needs. */
const HEAD_BYTES = 4096;

/** Machines become .xva files in the target folder. Rejects with TOOL_MISSING where zstd is wanted and not there. */
export async function xvaDelivery(context: BatchContext, compression: Compression): Promise<Delivery> {
  if (compression === 'zstd' && !(await isZstdInstalled())) {
    throw new XenferryError('TOOL_MISSING', 'zstd is not installed', {
      hint: 'Install it: sudo apt-get install --no-install-recommends zstd. Or leave the archives uncompressed.',
    });
  }
  const partsOf = ({ planned }: PlannedJob) => ({
    path: join(context.target, planned.output),
    xva: xvaPlan(planned, context.profiles),
  });
  const check = async (job: PlannedJob) => {
    const { path, xva } = partsOf(job);
    await refuseForeignFile(path, xva.vmUuid);
  };
  const outputOf = (job: ClaimedJob, own: BatchContext): RefixableOutput => {
    const { path, xva } = partsOf(job);
    return {
      // What is left of a compressed archive says nothing of the rest.
      resumable: compression === 'none',
      begunBytes: () => partialLength(path),
      open: async (resume) => openXva(own, job, xva, compression, await PartialFile.open(path, resume)),
      withMade: async (use) =>
        (await fileSize(path)) === null ? await use(null) : await withMadeDisks(path, own.signal, use),
    };
  };
  return {
    surroundings: (planned) => {
      const { ovaXml } = xvaPlan(planned, context.profiles);
      return compression === 'none' ? ovaXml : [compression, ovaXml];
    },
    lasting: ({ machine }) => ['xva', compression, machine.disks.length],
    // An earlier run verified the output and it still stands under its final name.
    waysIn: () => [],
    isFinished: async ({ record, planned }) =>
      record.outputBytes !== null &&
      (await fileSize(join(context.target, planned.output))) === record.outputBytes,
    check,
    deliver: async (job, own) => {
      await check(job);
      await deliverOutput(own, job, outputOf(job, own));
    },
    deliverWarm: null,
    refix: async (job, own) => {
      await check(job);
      await refixOutput(own, job, outputOf(job, own));
    },
    afterwards: async () => [],
    close: async () => [],
  };
}

function openXva(
  context: BatchContext,
  job: ClaimedJob,
  { ovaXml, diskIds }: XvaPlan,
  compression: Compression,
  partial: PartialFile,
): OpenOutput {
  const { pool, checksum, digest } = context;
  const { path } = partial;
  const write = compression === 'none' ? convertToXva : writeCompressedXva;
  return {
    path,
    make: async (images) => {
      const { disks, fileBytes } = await convertDisks(context, job, images, (found, signal) => {
        const withIds = found.map((disk, index) => ({ ...disk, diskId: diskIds[index] ?? '' }));
        const ways = { pool, ovaXml, checksum, digest, threads: pool.threads, signal };
        return write({ ...ways, disks: withIds }, partial);
      });
      const records = disks.map((disk) => disk.records);
      await verifyFiles(context, job, compression === 'none' ? 'xva' : 'xva-zstd', [{ path, records }]);
      await partial.sync();
      return { outputBytes: fileBytes };
    },
    publish: () => partial.publish(),
    keep: () => partial.keep(),
    discard: () => partial.discard(),
  };
}

/** The disks of an archive; those of a compressed one lie in a copy beside it for the time it takes. */
async function withMadeDisks<T>(
  path: string,
  signal: AbortSignal,
  use: (disks: readonly MadeDisk[]) => Promise<T>,
): Promise<T> {
  if (!(await isZstd(path))) return await use(await indexXvaDisks(path, signal));
  const copy = `${partialPath(path)}.plain`;
  try {
    await writeFile(copy, zstdDecompress(path), { signal });
    return await use(await indexXvaDisks(copy, signal));
  } finally {
    await rm(copy, { force: true });
  }
}

/** Only an archive of the same machine is ever replaced. */
async function refuseForeignFile(path: string, vmUuid: string): Promise<void> {
  if ((await fileSize(path)) === null) return;
  if ((await headOf(path)).includes(`<name>uuid</name><value>${vmUuid}</value>`)) return;
  throw new XenferryError('TARGET_EXISTS', 'a file of that name exists and is not this machine', {
    file: path,
    hint: 'Move the file away or choose another target.',
  });
}

/** The beginning of an archive, compressed or not; empty for one that cannot be decompressed. */
async function headOf(path: string): Promise<Buffer> {
  if (await isZstd(path)) {
    try {
      for await (const bytes of zstdDecompress(path)) return bytes;
    } catch (error) {
      if (!(error instanceof XenferryError)) throw error;
    }
    return Buffer.alloc(0);
  }
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
