import type { DiskLayer, ReadBelow, VisitRange } from '../disk-image/index.js';
import { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { roundUp } from '../model/units.js';
import { decodeChunkName } from './chunk-reader.js';
import { CHUNK_BYTES } from './layout.js';
import { readXvaHead, type XvaArchive } from './reader.js';
import { decodeTarHeader, TAR_RECORD_BYTES } from './tar-header.js';

/** A disk where it lies in an archive; plain data, which threads share. */
export interface XvaDiskChunks {
  readonly kind: 'xva';
  /** Absolute. */
  readonly path: string;
  readonly virtualBytes: number;
  /** Where the data of each MiB stands in the archive, in bytes; 0 for one that is not stored. */
  readonly offsets: Float64Array;
}

/**
 * Finds the chunks of all disks of an archive, in its order; reads a header a MiB and no data. Checksums are not looked at.
 * `signal` stops it. Throws SOURCE_*, XVA_INVALID, CANCELED.
 */
export async function indexXvaDisks(path: string, signal: AbortSignal): Promise<XvaDiskChunks[]> {
  const archive = await readXvaHead(path);
  const disks = archive.disks.map(({ virtualBytes }) => ({
    kind: 'xva' as const,
    path,
    virtualBytes,
    offsets: new Float64Array(new SharedArrayBuffer(8 * Math.ceil(virtualBytes / CHUNK_BYTES))),
  }));
  const byId = new Map(archive.disks.map(({ id }, index) => [id, disks[index]]));
  const file = SourceFile.openWhole(path, 'XVA_INVALID');
  try {
    for await (const { diskId, counter, offset, size } of chunksOf(file, archive, signal)) {
      const disk = byId.get(diskId);
      const expected =
        disk === undefined ? 0 : Math.min(CHUNK_BYTES, disk.virtualBytes - counter * CHUNK_BYTES);
      if (disk === undefined || size !== expected)
        throw invalid(path, offset, `unexpected chunk ${diskId}/${counter}`);
      disk.offsets[counter] = offset;
    }
  } finally {
    file.close();
  }
  return disks;
}

/** A disk of an archive for random reads. Throws SOURCE_*. */
export function openXvaDisk({ path, virtualBytes, offsets }: XvaDiskChunks): DiskLayer {
  const file = SourceFile.openWhole(path, 'XVA_INVALID');
  return {
    byteLength: virtualBytes,
    exactMap: false,
    async visitRanges(visit: VisitRange) {
      for (const [counter, at] of offsets.entries()) {
        const start = counter * CHUNK_BYTES;
        if (at !== 0) visit(start, Math.min(start + CHUNK_BYTES, virtualBytes), 'data');
      }
    },
    async read(target, at, offset, length, _tools, below: ReadBelow) {
      for (let done = 0; done < length; ) {
        const counter = Math.floor((offset + done) / CHUNK_BYTES);
        const inside = offset + done - counter * CHUNK_BYTES;
        const count = Math.min(length - done, CHUNK_BYTES - inside);
        const stored = offsets[counter] ?? 0;
        if (stored === 0) await below(target, at + done, offset + done, count);
        else await file.read(target, at + done, count, stored + inside);
        done += count;
      }
    },
    close: () => file.close(),
  };
}

interface FoundChunk {
  readonly diskId: string;
  readonly counter: number;
  readonly offset: number;
  readonly size: number;
}

/** How many headers are read before others get their turn: each is a read of its own, at once. */
const HEADERS_AT_ONCE = 256;

async function* chunksOf(
  file: SourceFile,
  { path, length, firstChunkOffset }: XvaArchive,
  signal: AbortSignal,
): AsyncGenerator<FoundChunk> {
  const header = Buffer.alloc(TAR_RECORD_BYTES);
  let offset = firstChunkOffset;
  for (let count = 0; offset < length; count++) {
    if (count % HEADERS_AT_ONCE === 0) {
      await new Promise(setImmediate);
      if (signal.aborted) throw new XenferryError('CANCELED', 'the search was stopped');
    }
    file.readSync(header, offset);
    if (header.every((byte) => byte === 0)) return;
    const member = decodeTarHeader(header);
    const chunk = member === null ? null : decodeChunkName(member.name);
    if (member === null || chunk === null) throw invalid(path, offset, 'this is no chunk of a disk');
    yield { ...chunk, offset: offset + TAR_RECORD_BYTES, size: member.size };
    // Data, the header of its checksum, the checksum.
    offset += roundUp(member.size, TAR_RECORD_BYTES) + 3 * TAR_RECORD_BYTES;
  }
}

function invalid(file: string, offset: number, message: string): XenferryError {
  return new XenferryError('XVA_INVALID', message, { file, offset });
}
