import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { locatedImage, readImageInfo } from '../../images/index.js';
import { makeFolder } from '../../io/make-folder.js';
import { writeError } from '../../io/positional-writer.js';
import { XenferryError } from '../../model/errors.js';
import { MIB } from '../../model/units.js';
import type { Disk, FilesLocation } from '../../model/virtual-machine.js';
import {
  type ExportLease,
  type LeaseFile,
  type Ref,
  type SentFile,
  type VsphereClient,
  withExportLease,
} from '../../vsphere/index.js';
import type { BatchContext } from '../job.js';

export interface Export {
  readonly client: VsphereClient;
  /** The machine, which is off, or a snapshot of it. */
  readonly source: Ref;
  /** In the machine's order. */
  readonly disks: readonly Disk[];
  /** In the ledger. */
  readonly jobId: number;
}

/**
 * Has the server stream the disks (HttpNfcLease) into the target folder, where they lie while `use` works: such a stream
 * has no middle that could be read. Rejects as `use` does, with VSPHERE_*, TARGET_*, SOURCE_CHANGED.
 */
export async function exportedDisks(
  { target, signal }: Pick<BatchContext, 'target' | 'signal'>,
  { client, source, disks, jobId }: Export,
  use: (disks: readonly Disk[]) => Promise<void>,
): Promise<void> {
  const folder = join(exportsOf(target), String(jobId));
  await rm(folder, { recursive: true, force: true });
  await makeFolder(folder);
  try {
    const byKey = disks
      .map((disk, index) => ({ index, key: Number(disk.key) }))
      .sort((a, b) => a.key - b.key);
    const staged = await withExportLease(
      client,
      source,
      async (lease) => {
        const files = lease.files.filter(({ isDisk }) => isDisk);
        if (files.length !== disks.length) {
          throw new XenferryError(
            'SOURCE_CHANGED',
            `the server exports ${files.length} disks, the plan has ${disks.length}`,
            { file: client.shown },
          );
        }
        const result = [...disks];
        for (const [place, { index }] of byKey.entries()) {
          const [file, disk] = [files[place], disks[index]];
          if (file === undefined || disk === undefined) continue;
          const path = join(folder, `disk${index}.vmdk`);
          await storeAsSent(lease, file, path, { most: mostBytes(disk), signal });
          result[index] = await stagedDisk(disk, path);
          lease.report((place + 1) / files.length);
        }
        return result;
      },
      signal,
    );
    await use(staged);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What killed runs have left. `target`: absolute path. */
export async function removeExports(target: string): Promise<void> {
  await rm(exportsOf(target), { recursive: true, force: true });
}

function exportsOf(target: string): string {
  return join(target, '.xenferry', 'exports');
}

/** A stream-optimized VMDK of data that does not compress has some overhead: a header a grain, tables, a descriptor. */
function mostBytes({ capacityBytes }: Disk): number {
  return capacityBytes + capacityBytes / 8 + MIB;
}

interface Limits {
  /** Bytes. */
  readonly most: number;
  readonly signal: AbortSignal;
}

/** Has a disk sent once more that is not what the server says it has sent. Rejects as `store` does, MANIFEST_MISMATCH. */
async function storeAsSent(lease: ExportLease, file: LeaseFile, path: string, limits: Limits): Promise<void> {
  for (const isLast of [false, true]) {
    const stored = await store(lease, file, path, limits);
    const sent = await lease.sent(file, limits.signal);
    if (sent === null) return;
    const isSame = stored.size === sent.size && (sent.sha1 === null || stored.sha1 === sent.sha1);
    if (isSame) return;
    if (isLast) {
      throw new XenferryError('MANIFEST_MISMATCH', 'what came of the disk is not what the server has sent', {
        file: path,
        hint: 'Run the same command again; when it comes again, look at the network and the host.',
      });
    }
  }
}

async function store(
  lease: ExportLease,
  file: LeaseFile,
  path: string,
  { most, signal }: Limits,
): Promise<SentFile> {
  const output = createWriteStream(path);
  const digest = createHash('sha1');
  let size = 0;
  /** Ends with VSPHERE_PROTOCOL for more bytes than the disk can take. */
  async function* taken(): AsyncGenerator<Uint8Array> {
    for await (const piece of lease.download(file, signal)) {
      size += piece.length;
      if (size > most) {
        throw new XenferryError('VSPHERE_PROTOCOL', 'the server sends more than the disk can hold', {
          file: path,
        });
      }
      digest.update(piece);
      yield piece;
    }
  }
  try {
    await pipeline(taken(), output);
  } catch (error) {
    throw error instanceof XenferryError ? error : writeError(path, 0, error);
  }
  return { size, sha1: digest.digest('hex') };
}

/** Throws SOURCE_CHANGED for a stream that holds another disk. */
async function stagedDisk(disk: Disk, path: string): Promise<Disk> {
  const { size } = await stat(path);
  const part = { range: { path, offset: 0, length: size }, name: disk.file, expectedDigest: null };
  const location: FilesLocation = { kind: 'files', parts: [part], compression: null };
  const { capacityBytes } = await readImageInfo(locatedImage(location));
  if (capacityBytes === disk.capacityBytes) return { ...disk, location };
  throw new XenferryError(
    'SOURCE_CHANGED',
    `${disk.file}: the export is of a disk of ${capacityBytes} bytes`,
    {
      file: path,
    },
  );
}
