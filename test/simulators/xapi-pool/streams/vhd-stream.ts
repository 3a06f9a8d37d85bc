import { type Body, EndOfStream } from './body.js';
import type { DiskWriter } from './disk-writer.js';

const SECTOR = 512;
const HEADER = 1024;
const VERSION = 0x0001_0000;
const NOWHERE = 0xffff_ffff_ffff_ffffn;
const UNUSED = 0xffff_ffff;
/** The only block size that comes out right. */
const BLOCK = 2 * 1024 * 1024;
const LOCATORS = { start: 576, size: 24, count: 8 };
const PLATFORM_CODES: ReadonlySet<string> = new Set([
  '\0\0\0\0',
  'Wi2r',
  'Wi2k',
  'W2ru',
  'W2ku',
  'Mac ',
  'MacX',
]);
/** As many blocks as the largest disk has, and then some: what is beyond is no disk. */
const MOST_BLOCKS = 4 * 1024 * 1024;

export interface VhdStream {
  /** Of the body: its last 512 bytes are where the second footer is looked for. */
  readonly length: number;
  /** Whether blocks of another size pass and come out wrong, as they really do. */
  readonly corruptOddBlocks: boolean;
  readonly progress: (done: number) => void;
}

function assertThat(fits: boolean, what: string): void {
  if (!fits) {
    throw new Error(`not a VHD that can be streamed: ${what}`);
  }
}

/** One's complement of the sum of all bytes, without those of the sum itself. */
function checksum(bytes: Buffer, at: number): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    sum += index >= at && index < at + 4 ? 0 : (bytes[index] ?? 0);
  }
  return ~sum >>> 0;
}

function headerPosition(footer: Buffer): number {
  assertThat(footer.toString('latin1', 0, 8) === 'conectix', 'no footer at the start');
  assertThat(footer.readUInt32BE(12) === VERSION, 'version');
  assertThat([2, 3, 4].includes(footer.readUInt32BE(60)), 'type');
  assertThat(footer.readUInt32BE(64) === checksum(footer, 64), 'checksum of the footer');
  return Number(footer.readBigUInt64BE(16));
}

function assertUtf16(name: Buffer): void {
  for (let at = 0; at + 1 < name.length; at += 2) {
    const unit = name.readUInt16BE(at);
    const next = at + 3 < name.length ? name.readUInt16BE(at + 2) : 0;
    const pair = unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000;
    assertThat(pair || unit < 0xd800 || unit >= 0xe000, 'name of the parent');
    at += pair ? 2 : 0;
  }
}

interface Table {
  readonly position: number;
  readonly entries: number;
  readonly blockSize: number;
}

function tableOf(header: Buffer): Table {
  assertThat(header.toString('latin1', 0, 8) === 'cxsparse', 'no header');
  assertThat(header.readBigUInt64BE(8) === NOWHERE, 'offset in the header');
  assertThat(header.readUInt32BE(24) === VERSION, 'version of the header');
  assertThat(header.readUInt32BE(36) === checksum(header, 36), 'checksum of the header');
  const [entries, blockSize] = [header.readUInt32BE(28), header.readUInt32BE(32)];
  assertThat(blockSize >= SECTOR && Number.isInteger(Math.log2(blockSize)), 'block size');
  assertThat(entries <= MOST_BLOCKS, 'number of blocks');
  assertUtf16(header.subarray(64, LOCATORS.start));
  for (let index = 0; index < LOCATORS.count; index += 1) {
    const at = LOCATORS.start + index * LOCATORS.size;
    assertThat(PLATFORM_CODES.has(header.toString('latin1', at, at + 4)), 'code of a locator');
  }
  return { position: Number(header.readBigUInt64BE(16)), entries, blockSize };
}

function up(size: number): number {
  return Math.ceil(size / SECTOR) * SECTOR;
}

async function takeBlock(body: Body, disk: DiskWriter, start: number, blockSize: number): Promise<void> {
  const sectors = blockSize / SECTOR;
  const bitmap = await body.exactly(up(sectors / 8));
  const data = await body.exactly(blockSize);
  const present = (sector: number): boolean => ((bitmap[sector >> 3] ?? 0) & (0x80 >> (sector & 7))) !== 0;
  // How other sizes come out wrong is not told anywhere; here their content is missing.
  for (let sector = 0; sector < sectors && blockSize === BLOCK; sector += 1) {
    const first = sector;
    while (sector < sectors && present(sector)) {
      sector += 1;
    }
    if (sector > first) {
      await disk.write(start + first * SECTOR, data.subarray(first * SECTOR, sector * SECTOR));
    }
  }
}

/** Writes what a dynamic or differencing VHD has; it is read forward only, so its parts must be in order. */
export async function takeVhd(body: Body, disk: DiskWriter, stream: VhdStream): Promise<void> {
  const position = headerPosition(await body.exactly(SECTOR));
  await body.skipTo(position);
  const table = tableOf(await body.exactly(HEADER));
  assertThat(table.blockSize === BLOCK || stream.corruptOddBlocks, 'block size');
  await body.skipTo(table.position);
  const bat = await body.exactly(up(4 * table.entries));
  const blocks: { readonly at: number; readonly index: number }[] = [];
  for (let index = 0; index < table.entries; index += 1) {
    const sector = bat.readUInt32BE(4 * index);
    if (sector !== UNUSED) {
      blocks.push({ at: sector * SECTOR, index });
    }
  }
  blocks.sort((a, b) => a.at - b.at);
  for (const [done, { at, index }] of blocks.entries()) {
    await body.skipTo(at);
    await takeBlock(body, disk, index * table.blockSize, table.blockSize);
    stream.progress((done + 1) / blocks.length);
  }
  await body.skipTo(Math.floor((stream.length - 1) / SECTOR) * SECTOR);
  // A short read of the second footer passes, and so does whatever it says.
  if ((await body.fill(Buffer.alloc(SECTOR))) === 0) {
    throw new EndOfStream();
  }
}
