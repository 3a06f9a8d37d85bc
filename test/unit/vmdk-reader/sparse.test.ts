import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allocatedBlocks, createReadTools, readDisk } from '../../../src/disk-image/index.js';
import { BLOCK_BYTES } from '../../../src/model/units.js';
import { openVmdkAt, readWhole } from '../../support/disk-reader.js';
import { tempFiles } from '../../support/temp-files.js';
import { buildDescriptor } from './descriptor-builder.js';
import { asQemuReads, qemuCreate, qemuIo, wholeFile } from './qemu.js';
import { type BuiltSparse, buildSparse, type SparseOptions } from './sparse-builder.js';

const { folder, put } = tempFiles();
const GRAIN = 65_536;
const TIB = 2 ** 40;

/** A monolithicSparse disk, `change` made to its file. */
function putSparse(
  name: string,
  options: SparseOptions,
  change: (built: BuiltSparse) => Buffer = ({ bytes }) => bytes,
) {
  const extents = [`RW ${options.capacitySectors} SPARSE "${name}.vmdk"`];
  const descriptor = buildDescriptor({ createType: 'monolithicSparse', extents });
  return put(`${name}.vmdk`, change(buildSparse({ ...options, descriptor })));
}

const text = (value: string, bytes = GRAIN) => Buffer.alloc(bytes, value);

describe('a monolithicSparse disk', () => {
  it('reads as qemu-img reads it, zeroed grains and an odd end included', async () => {
    const path = join(folder, 'zeroed.vmdk');
    qemuCreate(path, String(5 * 2 ** 20 + 5 * 512), 'zeroed_grain=on');
    qemuIo(path, 'write -P 1 0 3M', 'write -z 1M 192k', 'write -P 2 5M 2560');
    const image = await openVmdkAt(wholeFile(path));
    expect(image.byteLength).toBe(5 * 2 ** 20 + 5 * 512);
    expect((await readWhole(image)).equals(asQemuReads(path))).toBe(true);
  });

  it('reads with grains in any order, tables left out and no redundant directory', async () => {
    const grains = new Map<number, Buffer | 'zeros'>([
      [700, text('late')],
      [3, text('early')],
      [4, 'zeros'],
      [2, text('mid')],
    ]);
    const range = putSparse('order', {
      capacitySectors: 3 * 512 * 128,
      grains,
      lazyTables: true,
      redundant: false,
    });
    expect((await readWhole(await openVmdkAt(range))).equals(asQemuReads(range.path))).toBe(true);
  });

  it('of 3 TiB is read beyond 2 TiB', async () => {
    const path = join(folder, 'big.vmdk');
    qemuCreate(path, '3T');
    qemuIo(path, `write -P 171 ${2.5 * TIB + 512} 512`, `write -P 172 ${3 * TIB - 512} 512`);
    const image = await openVmdkAt(wholeFile(path));
    const blocks = await allocatedBlocks(image);
    expect(blocks.reduce((sum, block) => sum + block, 0)).toBe(2);
    expect([blocks[(2.5 * TIB) / BLOCK_BYTES], blocks.at(-1)]).toEqual([1, 1]);
    const read = Buffer.alloc(2 * 512);
    await readDisk(image, read, 2.5 * TIB, read.length, createReadTools());
    expect([read[0], read[511], read[512], read[1023]]).toEqual([0, 0, 171, 171]);
    await readDisk(image, read, 3 * TIB - read.length, read.length, createReadTools());
    expect([read[0], read[1023]]).toEqual([0, 172]);
    image.close();
  });
});

describe('a twoGbMaxExtentSparse disk', () => {
  it('of hundreds of extents is read at its end', async () => {
    const path = join(folder, 'split.vmdk');
    const size = 400 * 2 ** 30;
    qemuCreate(path, String(size), 'subformat=twoGbMaxExtentSparse');
    qemuIo(path, 'write -P 3 2146435072 2M', `write -P 4 ${size - 512} 512`);
    const image = await openVmdkAt(wholeFile(path));
    expect(image.files.length).toBeGreaterThan(200);
    expect(image.byteLength).toBe(size);
    const blocks = await allocatedBlocks(image);
    expect(blocks.reduce((sum, block) => sum + block, 0)).toBe(3);
    const read = Buffer.alloc(512);
    await readDisk(image, read, size - 512, 512, createReadTools());
    expect([read[0], read[511]]).toEqual([4, 4]);
    image.close();
  });

  it('whose headers round the sizes up to whole grains keeps the sizes of its descriptor', async () => {
    put('odd-s001.vmdk', buildSparse({ capacitySectors: 256, grains: new Map([[1, text('one')]]) }).bytes);
    put('odd-s002.vmdk', buildSparse({ capacitySectors: 128, grains: new Map([[0, text('two')]]) }).bytes);
    const extents = ['RW 250 SPARSE "odd-s001.vmdk"', 'RW 128 SPARSE "odd-s002.vmdk"'];
    const range = put('odd.vmdk', buildDescriptor({ createType: 'twoGbMaxExtentSparse', extents }));
    const content = await readWhole(await openVmdkAt(range));
    const expected = [text('').fill(0), text('one').subarray(0, 122 * 512), text('two')];
    expect(content.equals(Buffer.concat(expected))).toBe(true);
  });

  it('with an extent of another size is refused', async () => {
    put('size-s001.vmdk', buildSparse({ capacitySectors: 256, grains: new Map() }).bytes);
    const extents = ['RW 384 SPARSE "size-s001.vmdk"'];
    const range = put('size.vmdk', buildDescriptor({ createType: 'twoGbMaxExtentSparse', extents }));
    await expect(openVmdkAt(range)).rejects.toMatchObject({
      code: 'VMDK_HEADER_INVALID',
      message: 'the extent holds 256 sectors, size.vmdk says 384',
    });
  });

  it('with an extent that is something else is refused', async () => {
    put('else-s001.vmdk', Buffer.alloc(1024, 'x'));
    const extents = ['RW 2 SPARSE "else-s001.vmdk"'];
    const range = put('else.vmdk', buildDescriptor({ createType: 'twoGbMaxExtentSparse', extents }));
    await expect(openVmdkAt(range)).rejects.toMatchObject({ code: 'VMDK_BAD_MAGIC' });
  });
});

describe('the redundant grain directory', () => {
  const options: SparseOptions = {
    capacitySectors: 3 * 512 * 128,
    grains: new Map([
      [0, text('a')],
      [513, text('b')],
      [1500, text('c')],
    ]),
  };
  const sound = async () => await readWhole(await openVmdkAt(putSparse('sound', options)));

  it.each<[string, string, (built: BuiltSparse) => void]>([
    [
      'a directory outside the file',
      'the grain directory is damaged',
      ({ bytes }) => bytes.writeUInt32LE(0x7fff_ffff, 56),
    ],
    [
      'a directory of nonsense',
      'damaged grain tables: 3',
      ({ bytes, directoryOffset }) => bytes.fill(0x7f, directoryOffset, directoryOffset + 12),
    ],
    [
      'a lost entry of the directory',
      'damaged grain tables: 1',
      ({ bytes, directoryOffset }) => bytes.writeUInt32LE(0, directoryOffset + 4),
    ],
    [
      'a table of nonsense',
      'damaged grain tables: 1',
      ({ bytes, tableOffsets: [, second = 0] }) => bytes.fill(0x7f, second, second + 2048),
    ],
  ])('stands in for %s, and a note is told', async (what, note, damage) => {
    const name = what.replaceAll(' ', '-');
    const range = putSparse(name, options, (built) => {
      damage(built);
      return built.bytes;
    });
    const image = await openVmdkAt(range);
    const content = await readWhole(image);
    expect(content.equals(await sound())).toBe(true);
    expect(image.notes).toEqual([expect.stringContaining(`${name}.vmdk: ${note}`)]);
  });

  it('is not asked when all is well, damaged or not', async () => {
    const range = putSparse('spare', options, ({ bytes, redundantDirectoryOffset }) => {
      bytes.fill(0x7f, redundantDirectoryOffset, redundantDirectoryOffset + 12);
      return bytes;
    });
    const image = await openVmdkAt(range);
    expect((await readWhole(image)).equals(await sound())).toBe(true);
    expect(image.notes).toEqual([]);
  });

  it('does not help where its table is damaged as well: the first error is told', async () => {
    const range = putSparse('both', options, (built) => {
      const { bytes, tableOffsets, redundantDirectoryOffset } = built;
      const [first = 0] = tableOffsets;
      bytes.writeUInt32LE(0x7fff_fff0, first);
      bytes.writeUInt32LE(0x7fff_fff1, redundantDirectoryOffset);
      return bytes;
    });
    await expect(readWhole(await openVmdkAt(range))).rejects.toMatchObject({
      code: 'VMDK_GRAIN_OUT_OF_RANGE',
      message: expect.stringContaining(String(0x7fff_fff0 * 512)),
    });
  });
});

describe('a damaged sparse disk', () => {
  const options = { capacitySectors: 1024, redundant: false, grains: new Map([[1, text('x')]]) };

  it.each<[string, string, (built: BuiltSparse) => Buffer]>([
    [
      'with a flawed table',
      'VMDK_GRAIN_OUT_OF_RANGE',
      ({ bytes, tableOffsets: [at = 0] }) => bytes.fill(0xff, at, at + 4),
    ],
    ['without a directory', 'VMDK_TABLE_OUT_OF_RANGE', ({ bytes }) => bytes.fill(0, 56, 64)],
    ['of unknown version', 'VMDK_UNSUPPORTED', ({ bytes }) => bytes.fill(4, 4, 5)],
    ['of 64 EiB', 'VMDK_HEADER_INVALID', ({ bytes }) => bytes.fill(0x10, 12, 20)],
    ['with tables of 4 billion', 'VMDK_HEADER_INVALID', ({ bytes }) => bytes.fill(0xff, 44, 48)],
    ['cut in its last grain', 'VMDK_TRUNCATED', ({ bytes }) => bytes.subarray(0, bytes.length - 1)],
  ])('%s is refused as %s with its place', async (what, code, change) => {
    const name = what.replaceAll(' ', '-');
    const reading = async () => await readWhole(await openVmdkAt(putSparse(name, options, change)));
    await expect(reading()).rejects.toMatchObject({
      code,
      place: { file: expect.stringContaining(`${name}.vmdk`), offset: expect.any(Number) },
    });
  });
});
