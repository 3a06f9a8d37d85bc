import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFormatError } from '../../../src/model/errors.js';
import { readVhdStream } from '../../../src/vhd/index.js';
import { noise } from '../../support/disk-maker.js';
import { failureOf } from '../../support/failure.js';
import { tempFiles } from '../../support/temp-files.js';
import { buildVhd, paint, seal, sectorsOf, uuidOf } from './vhd-builder.js';

const SECTOR = 512;
const MIB = 1024 * 1024;
const BLOCK = 2 * MIB;
const { folder, put } = tempFiles();

async function* inPieces(bytes: Buffer, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] ?? bytes.length;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

interface Read {
  /** Content, zeros where no block is stored. */
  readonly disk: Buffer;
  /** Numbers of the blocks, as they came. */
  readonly blocks: readonly number[];
  readonly stored: Uint8Array;
}

/** All of a stream, or its first `most` blocks. */
async function readAll(
  bytes: Buffer,
  lengths: readonly number[] = [65_536],
  most = Number.POSITIVE_INFINITY,
): Promise<Read> {
  let disk = Buffer.alloc(0);
  let stored = new Uint8Array();
  const blocks: number[] = [];
  await readVhdStream(inPieces(bytes, lengths), 'disk', {
    tables(virtualBytes, flags) {
      disk = Buffer.alloc(virtualBytes);
      stored = Uint8Array.from(flags);
    },
    block(block, content) {
      content.copy(disk, block * BLOCK);
      blocks.push(block);
      return blocks.length < most;
    },
  });
  return { disk, blocks, stored };
}

/** Three blocks and a half, of which the builder stores those that have sectors. */
const VIRTUAL = 7 * MIB;
const sectors = fc
  .uniqueArray(fc.nat(VIRTUAL / SECTOR - 1), { maxLength: 40 })
  .map((numbers) => sectorsOf(1, ...numbers));
const pieces = fc.array(fc.integer({ min: 500, max: 3 * MIB }), { minLength: 1, maxLength: 5 });

describe('a VHD that comes as a stream', () => {
  it('gives the disk, however it is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(sectors, pieces, fc.nat(9), fc.nat(3), async (content, lengths, spare, gap) => {
        const options = {
          virtualBytes: VIRTUAL,
          sectors: content,
          spareEntries: spare,
          batGap: gap * SECTOR,
        };
        const { disk, stored, blocks } = await readAll(buildVhd(options).bytes, lengths);
        expect(disk.equals(paint(Buffer.alloc(VIRTUAL), content))).toBe(true);
        const expected = new Set([...content.keys()].map((sector) => Math.floor(sector / (BLOCK / SECTOR))));
        expect(new Set(blocks)).toEqual(expected);
        expect([...stored.keys()].filter((block) => stored[block] === 1)).toHaveLength(expected.size);
      }),
      { numRuns: 40 },
    );
  });

  it("gives what is in qemu-img's", async () => {
    const content = Buffer.alloc(8 * MIB);
    noise(1, MIB).copy(content, 5 * MIB);
    const [raw, vhd] = [put('disk.raw', content).path, join(folder, 'disk.vhd')];
    await execa('qemu-img', ['convert', '-f', 'raw', '-O', 'vpc', '-o', 'subformat=dynamic', raw, vhd]);
    const { disk } = await readAll(readFileSync(vhd));
    expect(disk.subarray(0, content.length).equals(content)).toBe(true);
  });

  const built = buildVhd({ virtualBytes: VIRTUAL, sectors: sectorsOf(1, 3, 5_000, 9_000) });

  it('can be left in the middle, and closes what it came from', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* inPieces(built.bytes, [65_536]);
      } finally {
        closed = true;
      }
    }
    const blocks: number[] = [];
    await readVhdStream(source(), 'disk', { tables: () => {}, block: (block) => blocks.push(block) < 1 });
    expect([blocks.length, closed]).toEqual([1, true]);
  });

  it('is refused wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(built.bytes.length - 1), async (length) => {
        const failure = await failureOf(readAll(built.bytes.subarray(0, length)));
        expect(failure.code).toBe('VHD_INVALID');
      }),
      { numRuns: 60 },
    );
  });

  it('is refused when a byte of its footers or its header is another one', async () => {
    const places = fc.oneof(
      fc.nat(1535),
      fc.nat(511).map((at) => built.footerOffset + at),
    );
    await fc.assert(
      fc.asyncProperty(places, fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(built.bytes);
        bytes.writeUInt8(bytes.readUInt8(at) ^ change, at);
        expect((await failureOf(readAll(bytes))).code).toBe('VHD_INVALID');
      }),
      { numRuns: 100 },
    );
  });

  it('never does more than fail for any table', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2 ** 32 - 1), { minLength: 4, maxLength: 4 }), async (entries) => {
        const bytes = Buffer.from(built.bytes);
        for (const [index, entry] of entries.entries())
          bytes.writeUInt32BE(entry, built.batOffset + index * 4);
        const outcome = await readAll(bytes).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(isFormatError(outcome)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  /** Changes the header and makes its checksum fit again. */
  function withHeader(change: (header: Buffer) => void): Buffer {
    const bytes = Buffer.from(built.bytes);
    const header = bytes.subarray(512, 1536);
    change(header);
    seal(header, 36);
    return bytes;
  }

  it.each([
    ['smaller blocks', withHeader((header) => header.writeUInt32BE(MIB, 32))],
    ['a table that is too small', withHeader((header) => header.writeUInt32BE(3, 28))],
    ['a table of gigabytes', withHeader((header) => header.writeUInt32BE(2 ** 31, 28))],
    ['a table far away', withHeader((header) => header.writeBigUInt64BE(2n ** 50n, 16))],
    ['a table that was passed already', withHeader((header) => header.writeBigUInt64BE(512n, 16))],
    [
      'a parent',
      buildVhd({ virtualBytes: VIRTUAL, sectors: new Map(), parent: { uuid: uuidOf('p'), name: 'p' } }).bytes,
    ],
    ['more after its footer', Buffer.concat([built.bytes, Buffer.alloc(512)])],
    ['no end', Buffer.concat([built.bytes, Buffer.alloc(4 * MIB)])],
  ])('is refused with %s', async (_, bytes) => {
    expect((await failureOf(readAll(bytes))).code).toBe('VHD_INVALID');
  });

  it('fails as its source does', async () => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield built.bytes.subarray(0, 700);
      throw new Error('gone');
    }
    const reading = readVhdStream(source(), 'disk', { tables: () => {}, block: () => true });
    await expect(reading).rejects.toThrow('gone');
  });
});
