import type { DiskImage, ReadBelow, ReadTools, VisitRange } from '../disk-image/index.js';
import type { ByteSource } from '../io/byte-source.js';
import { ClusterMap } from './cluster-map.js';
import { CompressedClusters, type CompressedRead } from './compressed-clusters.js';
import { type Qcow2Header, readQcow2Header } from './header.js';

/**
 * Opens a qcow2 image of version 2 or 3. Takes `file` over: closing the image, or a failure, closes it.
 * Rejects with QCOW2_INVALID, QCOW2_UNSUPPORTED or SOURCE_*.
 */
export async function openQcow2(file: ByteSource): Promise<Qcow2Image> {
  try {
    const header = await readQcow2Header(file);
    return new Qcow2Image(file, header, await ClusterMap.open(file, header));
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * The active disk of a qcow2 image, without its backing file: clusters that the image does not hold are asked of what
 * lies below. Internal snapshots are left out.
 */
export class Qcow2Image implements DiskImage {
  readonly format = 'qcow2';
  readonly byteLength: number;
  readonly files: readonly string[];
  readonly notes: readonly string[];
  /** Clusters may have been allocated in advance, and hold zeros. */
  readonly exactMap = false;
  /** As the header names it, never opened; null for an image that stands alone. */
  readonly backingFile: string | null;
  readonly #file: ByteSource;
  readonly #map: ClusterMap;
  readonly #compressed: CompressedClusters;

  constructor(file: ByteSource, header: Qcow2Header, map: ClusterMap) {
    this.byteLength = header.virtualBytes;
    this.files = [file.path];
    this.notes = header.snapshots === 0 ? [] : [`internal snapshots are left out: ${header.snapshots}`];
    this.backingFile = header.backingFile;
    this.#file = file;
    this.#map = map;
    this.#compressed = new CompressedClusters(file, header.clusterBytes);
  }

  visitRanges(visit: VisitRange): Promise<void> {
    return this.#map.visitRanges(visit);
  }

  async read(
    target: Buffer,
    at: number,
    offset: number,
    length: number,
    tools: ReadTools,
    below: ReadBelow,
  ): Promise<void> {
    const { list } = await this.#map.locate(offset, length);
    const compressed: CompressedRead[] = [];
    for (const part of list) {
      const partAt = at + part.position - offset;
      if (part.content === 'below') await below(target, partAt, part.position, part.length);
      else if (part.content === 'zeros') target.fill(0, partAt, partAt + part.length);
      else if (part.content === 'compressed') compressed.push({ part, at: partAt });
    }
    const plain = list.filter(({ content }) => content === 'plain');
    const reads = plain.map((part) =>
      this.#file.read(target, at + part.position - offset, part.length, part.offset),
    );
    const failed = (await Promise.allSettled(reads)).find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await this.#compressed.read(target, compressed, tools);
  }

  close(): void {
    this.#file.close();
  }
}
