import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { allocatedBlocks, createReadTools, type DiskImage, readDisk } from '../../../src/disk-image/index.js';
import { SourceFile } from '../../../src/io/source-file.js';
import { openVhd, parentsBeside } from '../../../src/vhd/index.js';
import { makeMixedRaw } from '../../support/disk-maker.js';
import { readWhole } from '../../support/disk-reader.js';
import { tempFiles } from '../../support/temp-files.js';
import { buildVhd, paint, seal, sectorsOf, uuidOf } from './vhd-builder.js';

const { folder } = tempFiles();
const KIB = 1024;
const MIB = 1024 * KIB;

function newFolder(): string {
  return mkdtempSync(join(folder, 'case-'));
}

/** Puts a file into a folder of its own, or into a given one. */
function put(bytes: Uint8Array, name = 'disk.vhd', into = newFolder()): string {
  const path = join(into, name);
  writeFileSync(path, bytes);
  return path;
}

function open(path: string): Promise<DiskImage> {
  return openVhd(SourceFile.openWhole(path, 'VHD_INVALID'), parentsBeside(path));
}

async function contentOf(path: string): Promise<Buffer> {
  return await readWhole(await open(path));
}

/** The disk as a Python program reads it. */
function oracleContent(path: string): Buffer {
  const raw = `${path}.raw`;
  execFileSync('python3', ['test/oracles/vhd_read.py', path, raw]);
  return readFileSync(raw);
}

describe('a disk made by qemu-img', () => {
  const raw = join(folder, 'mixed.raw');
  const capacity = 37 * MIB + 3 * 512;

  beforeAll(() => makeMixedRaw(raw, capacity));

  it.each([
    'subformat=dynamic',
    'subformat=dynamic,force_size=on',
    'subformat=fixed',
    'subformat=fixed,force_size=on',
  ])('reads as what it was made of: %s', async (options) => {
    const path = join(newFolder(), 'disk.vhd');
    execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'vpc', '-o', options, raw, path]);
    const content = await contentOf(path);
    const source = readFileSync(raw);
    expect(content.subarray(0, capacity).equals(source)).toBe(true);
    // What is more than was asked for is there to fill the last cylinder.
    expect(content.subarray(capacity).every((byte) => byte === 0)).toBe(true);
    expect(content.length === capacity).toBe(options.includes('force_size'));
  });
});

describe('a dynamic disk', () => {
  it.each([
    512 * KIB,
    MIB,
    2 * MIB,
    4 * MIB,
    64 * MIB,
  ])('may have blocks of %i bytes with some of their sectors absent', async (blockBytes) => {
    const perBlock = blockBytes / 512;
    const virtualBytes = 3 * blockBytes - (blockBytes > 4 * MIB ? 2 * blockBytes : 3 * 512);
    const last = virtualBytes / 512 - 1;
    const numbers = [0, 1, 2, 7, 8, 64, perBlock - 1, Math.min(2 * perBlock + 9, last), last];
    const sectors = sectorsOf(1, ...numbers);
    const path = put(buildVhd({ virtualBytes, blockBytes, sectors }).bytes);
    const content = await contentOf(path);
    expect(content.equals(paint(Buffer.alloc(virtualBytes), sectors))).toBe(true);
    expect(content.equals(oracleContent(path))).toBe(true);
  });

  it('has the size its footer gives, whoever made it', async () => {
    const virtualBytes = 22 * MIB;
    const sectors = sectorsOf(2, virtualBytes / 512 - 1);
    const path = put(buildVhd({ virtualBytes, sectors, creator: 'xtst' }).bytes);
    expect((await contentOf(path)).equals(paint(Buffer.alloc(virtualBytes), sectors))).toBe(true);
  });

  it('may have its table anywhere, and more entries than blocks', async () => {
    const sectors = sectorsOf(3, 5000);
    const options = { virtualBytes: 4 * MIB, sectors, batGap: 8192, spareEntries: 1000 };
    const content = await contentOf(put(buildVhd(options).bytes));
    expect(content.equals(paint(Buffer.alloc(4 * MIB), sectors))).toBe(true);
  });

  it('tells which blocks it holds, but not that they are data', async () => {
    const sectors = sectorsOf(4, 0, 3 * 4096);
    const image = await open(put(buildVhd({ virtualBytes: 10 * MIB, sectors }).bytes));
    expect([...(await allocatedBlocks(image))]).toEqual([1, 0, 0, 1, 0]);
    expect(image.exactMap).toBe(false);
    image.close();
  });
});

describe('a footer', () => {
  const sectors = sectorsOf(5, 0, 100, 8191);
  const { bytes, footerOffset } = buildVhd({ virtualBytes: 4 * MIB, sectors });
  const expected = paint(Buffer.alloc(4 * MIB), sectors);

  it.each<[string, (file: Buffer) => Buffer]>([
    ['has a wrong checksum', (file) => file.fill(1, footerOffset + 70, footerOffset + 71)],
    ['is overwritten', (file) => file.fill(0, footerOffset)],
    ['is cut off', (file) => file.subarray(0, footerOffset)],
    ['is cut in two', (file) => file.subarray(0, footerOffset + 100)],
  ])('that %s is replaced by its copy, and a note says so', async (_, damage) => {
    const image = await open(put(damage(Buffer.from(bytes))));
    expect(image.notes).toEqual([expect.stringContaining('copy at the start')]);
    expect((await readWhole(image)).equals(expected)).toBe(true);
  });

  it('may lack its last byte, as before Virtual PC 2004', async () => {
    const image = await open(put(bytes.subarray(0, bytes.length - 1)));
    expect(image.notes).toEqual([]);
    expect((await readWhole(image)).equals(expected)).toBe(true);
  });

  it('whose copy alone is damaged is good', async () => {
    const file = Buffer.from(bytes).fill(0, 0, 512);
    expect((await contentOf(put(file))).equals(expected)).toBe(true);
  });

  it('of a fixed disk has no copy, whatever the disk begins with', async () => {
    const path = join(newFolder(), 'fixed.vhd');
    execFileSync('qemu-img', [
      'create',
      '-q',
      '-f',
      'vpc',
      '-o',
      'subformat=fixed,force_size=on',
      path,
      '2M',
    ]);
    const file = readFileSync(path);
    file.copy(file, 0, file.length - 512);
    expect((await contentOf(put(file))).equals(file.subarray(0, 2 * MIB))).toBe(true);
    truncateSync(path, 2 * MIB);
    await expect(open(path)).rejects.toMatchObject({ code: 'VHD_INVALID' });
    await expect(open(put(file.subarray(0, file.length - 512)))).rejects.toMatchObject({
      code: 'VHD_INVALID',
    });
  });
});

describe('a differencing disk', () => {
  const virtualBytes = 6 * MIB;
  const layers = [sectorsOf(6, 0, 1, 2, 4096, 12_287), sectorsOf(7, 1, 5000), sectorsOf(8, 2, 3, 5000, 8192)];
  const expected = layers.reduce(paint, Buffer.alloc(virtualBytes));

  /** A chain of three in one folder; the youngest names its parent as `link` says. */
  function putChain(into: string, link: { name: string; locators?: Record<string, string> }): string {
    const [base, middle, top] = layers;
    const common = { virtualBytes, sectors: new Map<number, Buffer>() };
    put(
      buildVhd({ ...common, sectors: base ?? common.sectors, uuid: uuidOf('base') }).bytes,
      'base.vhd',
      into,
    );
    const toBase = { uuid: uuidOf('base'), name: 'base.vhd' };
    const second = { ...common, sectors: middle ?? common.sectors, uuid: uuidOf('middle'), parent: toBase };
    put(buildVhd(second).bytes, 'middle.vhd', into);
    const toMiddle = { uuid: uuidOf('middle'), ...link };
    return put(
      buildVhd({ ...common, sectors: top ?? common.sectors, parent: toMiddle }).bytes,
      'top.vhd',
      into,
    );
  }

  it('shows through what it does not hold, down to the base', async () => {
    const path = putChain(newFolder(), { name: 'middle.vhd' });
    const image = await open(path);
    expect(image.files.map((file) => file.slice(file.lastIndexOf('/') + 1))).toEqual([
      'top.vhd',
      'middle.vhd',
      'base.vhd',
    ]);
    const content = await readWhole(image);
    expect(content.equals(expected)).toBe(true);
    expect(content.equals(oracleContent(path))).toBe(true);
  });

  it.each([
    { name: 'lost.vhd', locators: { W2ru: '.\\middle.vhd' } },
    { name: 'lost.vhd', locators: { W2ku: 'D:\\Machines\\middle.vhd' } },
    { name: 'lost.vhd', locators: { W2ku: 'D:\\lost.vhd', W2ru: 'middle.vhd\0' } },
    { name: 'middle.vhd', locators: { W2ru: '.\\lost.vhd', W2ku: 'D:\\' } },
    { name: 'C:\\Machines\\middle.vhd' },
    { name: '/var/machines/middle.vhd' },
    { name: 'lost.vhd', locators: { W2ru: '..\\..\\elsewhere\\middle.vhd' } },
  ])('finds its parent beside it by whatever it says of it: $name $locators', async (link) => {
    expect((await contentOf(putChain(newFolder(), link))).equals(expected)).toBe(true);
  });

  it('never follows a path or a link out of its folder', async () => {
    const outside = newFolder();
    putChain(outside, { name: 'middle.vhd' });
    const inside = join(outside, 'inside');
    mkdirSync(inside);
    const toOutside = { uuid: uuidOf('base'), name: 'base.vhd', locators: { W2ru: '..\\base.vhd' } };
    const path = put(
      buildVhd({ virtualBytes, sectors: new Map(), parent: toOutside }).bytes,
      'a.vhd',
      inside,
    );
    await expect(open(path)).rejects.toMatchObject({ code: 'VHD_PARENT_MISSING', place: { file: path } });
    symlinkSync('../base.vhd', join(inside, 'base.vhd'));
    await expect(open(path)).rejects.toMatchObject({ code: 'OVF_UNSAFE_PATH' });
  });

  it('may be larger than its parent, and has zeros there', async () => {
    const into = newFolder();
    const sectors = sectorsOf(9, 0, 4095);
    put(buildVhd({ virtualBytes: 2 * MIB, sectors, uuid: uuidOf('small') }).bytes, 'small.vhd', into);
    const parent = { uuid: uuidOf('small'), name: 'small.vhd' };
    const path = put(
      buildVhd({ virtualBytes: 5 * MIB, sectors: new Map(), parent }).bytes,
      'large.vhd',
      into,
    );
    expect((await contentOf(path)).equals(paint(Buffer.alloc(5 * MIB), sectors))).toBe(true);
  });

  it.each<[string, string, { uuid: Buffer; name: string }]>([
    ['whose parent is another disk', 'VHD_PARENT_MISMATCH', { uuid: uuidOf('other'), name: 'base.vhd' }],
    ['whose parent is not there', 'VHD_PARENT_MISSING', { uuid: uuidOf('base'), name: 'lost.vhd' }],
    ['that names no parent', 'VHD_PARENT_MISSING', { uuid: uuidOf('base'), name: '..' }],
    ['that is its own parent', 'VHD_INVALID', { uuid: uuidOf('disk'), name: 'disk.vhd' }],
    ['whose parent is no VHD', 'VHD_INVALID', { uuid: uuidOf('base'), name: 'text.vhd' }],
  ])('%s is refused', async (_, code, parent) => {
    const into = newFolder();
    putChain(into, { name: 'middle.vhd' });
    put(Buffer.from('no disk'), 'text.vhd', into);
    const path = put(buildVhd({ virtualBytes, sectors: new Map(), parent }).bytes, 'disk.vhd', into);
    await expect(open(path)).rejects.toMatchObject({ code });
  });

  it('reads as a guest wrote it, from any byte on', async () => {
    const small = 3 * 512 * KIB;
    const count = small / 512;
    const writes = fc.array(fc.array(fc.nat(count - 1), { maxLength: 30 }), { minLength: 1, maxLength: 4 });
    const reads = fc.array(fc.tuple(fc.nat(small), fc.nat(small)), { minLength: 1, maxLength: 10 });
    const tools = createReadTools();
    await fc.assert(
      fc.asyncProperty(writes, reads, async (generations, ranges) => {
        const into = newFolder();
        let model: Buffer = Buffer.alloc(small);
        for (const [index, numbers] of generations.entries()) {
          const sectors = sectorsOf(index, ...numbers);
          model = paint(model, sectors);
          const parent = { uuid: uuidOf(`${index - 1}`), name: `${index - 1}.vhd` };
          const options = { virtualBytes: small, blockBytes: 512 * KIB, sectors, uuid: uuidOf(`${index}`) };
          put(buildVhd(index === 0 ? options : { ...options, parent }).bytes, `${index}.vhd`, into);
        }
        const image = await open(join(into, `${generations.length - 1}.vhd`));
        try {
          for (const [offset, length] of ranges) {
            const target = Buffer.alloc(length, 0xdd);
            await readDisk(image, target, offset, length, tools);
            const wanted = Buffer.alloc(length);
            model.copy(wanted, 0, offset);
            expect(target.equals(wanted)).toBe(true);
          }
        } finally {
          image.close();
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('a damaged disk is refused with the place of the damage', () => {
  const sectors = sectorsOf(10, 0, 4096, 9000);
  const built = buildVhd({ virtualBytes: 6 * MIB, sectors });
  const { batOffset, footerOffset } = built;

  /** Changes the header and makes its checksum good again. */
  const inHeader = (change: (header: Buffer) => void) => (file: Buffer) => {
    const header = file.subarray(512, 1536);
    change(header);
    seal(header, 36);
  };
  /** The same in both footers. */
  const inFooters = (change: (footer: Buffer) => void) => (file: Buffer) => {
    for (const at of [0, footerOffset]) {
      const footer = file.subarray(at, at + 512);
      change(footer);
      seal(footer, 64);
    }
  };

  it.each<[string, number, (file: Buffer) => void]>([
    ['both footers', footerOffset, (file) => file.fill(0, footerOffset).fill(0, 0, 512)],
    [
      'checksums of both footers',
      footerOffset + 64,
      (file) => file.fill(1, footerOffset + 64).fill(1, 64, 68),
    ],
    ['an unknown type', footerOffset + 60, inFooters((footer) => footer.writeUInt32BE(9, 60))],
    ['no size', footerOffset + 48, inFooters((footer) => footer.writeBigUInt64BE(0n, 48))],
    ['a size without end', footerOffset + 48, inFooters((footer) => footer.writeBigUInt64BE(1n << 63n, 48))],
    [
      'a fixed disk that is longer',
      footerOffset,
      inFooters((footer) => footer.writeUInt32BE(2, 60) && footer.writeBigUInt64BE(1n << 40n, 48)),
    ],
    [
      'a header past the end',
      footerOffset + 16,
      inFooters((footer) => footer.writeBigUInt64BE(1n << 62n, 16)),
    ],
    ['no header', 512, (file) => file.fill(0, 512, 1536)],
    ['a header checksum', 512 + 36, (file) => file.writeUInt32BE(0, 512 + 36)],
    ['blocks of nothing', 512 + 32, inHeader((header) => header.writeUInt32BE(0, 32))],
    ['blocks of three sectors', 512 + 32, inHeader((header) => header.writeUInt32BE(1536, 32))],
    ['blocks of 2 GiB', 512 + 32, inHeader((header) => header.writeUInt32BE(2 ** 31, 32))],
    ['a table past the end', 512 + 16, inHeader((header) => header.writeBigUInt64BE(1n << 61n, 16))],
    ['a table that is too small', 512 + 28, inHeader((header) => header.writeUInt32BE(2, 28))],
    ['a block past the end', 1536 + 4, (file) => file.writeUInt32BE(0xffff_fffe, batOffset + 4)],
    ['a block in the table', 1536 + 8, (file) => file.writeUInt32BE(3, batOffset + 8)],
    ['a block at the start', 1536, (file) => file.writeUInt32BE(0, batOffset)],
  ])('%s', async (_, offset, damage) => {
    const file = Buffer.from(built.bytes);
    damage(file);
    const path = put(file);
    await expect(open(path)).rejects.toMatchObject({ code: 'VHD_INVALID', place: { file: path, offset } });
  });

  it.each([0, 1, 511, 512, 1024, 1536, 4096])('a file of %i bytes', async (length) => {
    await expect(open(put(built.bytes.subarray(0, length)))).rejects.toMatchObject({ code: 'VHD_INVALID' });
  });

  it('a block that is cut off with the footer', async () => {
    const path = put(built.bytes.subarray(0, footerOffset - 512));
    await expect(open(path)).rejects.toMatchObject({ code: 'VHD_INVALID', place: { offset: batOffset } });
  });

  it('or is read, but never anything else, whatever bytes are changed', async () => {
    const small = buildVhd({ virtualBytes: MIB, blockBytes: 512 * KIB, sectors: sectorsOf(11, 0, 5, 1030) });
    const tail = small.footerOffset - 2048;
    const change = fc.tuple(fc.nat(2048 + 511), fc.integer({ min: 0, max: 255 }));
    const structures = [
      [512, 1536, 36],
      [small.footerOffset, small.footerOffset + 512, 64],
    ] as const;
    const [path, target, tools] = [put(small.bytes), Buffer.alloc(2 * MIB), createReadTools()];
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (changes, sealed) => {
          const file = Buffer.from(small.bytes);
          for (const [at, value] of changes) file.writeUInt8(value, at < 2048 ? at : at + tail);
          if (sealed) for (const [at, end, sum] of structures) seal(file.subarray(at, end), sum);
          writeFileSync(path, file);
          const reading = open(path).then(async (image) => {
            await readDisk(image, target, 0, target.length, tools).finally(() => image.close());
          });
          await reading.catch((error) => expect(error).toMatchObject({ category: 'format' }));
        },
      ),
      { numRuns: 100 },
    );
  });
});
