import type { Body } from './body.js';
import type { DiskWriter } from './disk-writer.js';

const HEADER = 104;
const MAGIC = 0x5146_49fb;
const COMPRESSED = 1n << 62n;
const ZERO = 1n;
const OFFSET = 0x00ff_ffff_ffff_fe00n;
/** Dirty and corrupt are told by the two lowest bits; the rest changes how the file is read. */
const READABLE_FEATURES = 0b11n;
const LARGEST_TABLE = 32 * 1024 * 1024;

interface Image {
  readonly clusterSize: number;
  readonly size: number;
  readonly version: number;
  readonly l1Offset: number;
  readonly l1Entries: number;
}

interface Extent {
  readonly at: number;
  readonly virtual: number;
}

function assertThat(fits: boolean, what: string): void {
  if (!fits) {
    throw new Error(`not a qcow2 that can be streamed: ${what}`);
  }
}

function imageOf(header: Buffer): Image {
  const version = header.readUInt32BE(4);
  const bits = header.readUInt32BE(20);
  assertThat(header.readUInt32BE(0) === MAGIC && (version === 2 || version === 3), 'header');
  assertThat(bits >= 9 && bits <= 21 && header.readUInt32BE(32) === 0, 'clusters');
  assertThat(version === 2 || (header.readBigUInt64BE(72) & ~READABLE_FEATURES) === 0n, 'features');
  const l1Entries = header.readUInt32BE(36);
  assertThat(l1Entries * 8 <= LARGEST_TABLE, 'table');
  const [size, l1Offset] = [Number(header.readBigUInt64BE(24)), Number(header.readBigUInt64BE(40))];
  return { clusterSize: 2 ** bits, size, version, l1Offset, l1Entries };
}

/** The places that a table's entries name, and what each entry stands for in the disk. */
function extents(table: Buffer, { version }: Image, start: number, each: number): readonly Extent[] {
  const found: Extent[] = [];
  for (let index = 0; index * 8 < table.length; index += 1) {
    const entry = table.readBigUInt64BE(index * 8);
    assertThat((entry & COMPRESSED) === 0n, 'compressed cluster');
    const at = Number(entry & OFFSET);
    if (at !== 0 && !(version === 3 && (entry & ZERO) !== 0n)) {
      found.push({ at, virtual: start + index * each });
    }
  }
  return found.sort((a, b) => a.at - b.at);
}

/** Writes what a qcow2 has; all its tables must come before all its data, and everything in order. */
export async function takeQcow2(body: Body, disk: DiskWriter): Promise<void> {
  const image = imageOf(await body.exactly(HEADER));
  const { clusterSize, size } = image;
  const span = clusterSize * (clusterSize / 8);
  await body.skipTo(image.l1Offset);
  const tables = extents(await body.exactly(image.l1Entries * 8), image, 0, span);
  const data: Extent[] = [];
  for (const { at, virtual } of tables) {
    await body.skipTo(at);
    for (const extent of extents(await body.exactly(clusterSize), image, virtual, clusterSize)) {
      data.push(extent);
    }
  }
  data.sort((a, b) => a.at - b.at);
  for (const { at, virtual } of data) {
    await body.skipTo(at);
    const cluster = await body.exactly(clusterSize);
    await disk.write(virtual, cluster.subarray(0, Math.max(0, Math.min(clusterSize, size - virtual))));
  }
}
