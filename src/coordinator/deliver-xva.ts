import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { convertToXva } from '../conversion/index.js';
import { PartialFile, partialLength } from '../io/partial-file.js';
import type { FileDestination } from '../model/destination.js';
import { XenferryError } from '../model/errors.js';
import { type XvaPlan, xvaPlan } from '../targets/xva-folder/index.js';
import { isZstd, isZstdInstalled, zstdDecompress } from '../zstd/index.js';
import { writeCompressedXva } from './compressed-xva.js';
import { convertDisks, verifyFiles } from './convert-and-verify.js';
import { deliverOutput, type OpenOutput } from './deliver-output.js';
import type { Delivery } from './delivery.js';
import { fileSize } from './file-size.js';
import type { BatchContext, ClaimedJob } from './job.js';

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
  return {
    surroundings: (planned) => {
      const { ovaXml } = xvaPlan(planned, context.profiles);
      return compression === 'none' ? ovaXml : [compression, ovaXml];
    },
    // An earlier run verified the output and it still stands under its final name.
    waysIn: () => [],
    isFinished: async ({ record, planned }) =>
      record.outputBytes !== null &&
      (await fileSize(join(context.target, planned.output))) === record.outputBytes,
    deliver: async (job, own) => {
      const path = join(context.target, job.planned.output);
      const xva = xvaPlan(job.planned, context.profiles);
      await refuseForeignFile(path, xva.vmUuid);
      await deliverOutput(own, job, {
        // What is left of a compressed archive says nothing of the rest.
        resumable: compression === 'none',
        begunBytes: () => partialLength(path),
        open: async (resume) => openXva(own, job, xva, compression, await PartialFile.open(path, resume)),
      });
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
