import { describe, expect, it } from 'vitest';
import { allocatedBlocks } from '../../../src/disk-image/index.js';
import { openVmdkAt, readWhole } from '../../support/disk-reader.js';
import { tempFiles } from '../../support/temp-files.js';
import { buildCowd, type CowdOptions } from './cowd-builder.js';
import { buildDescriptor } from './descriptor-builder.js';
import { asQemuReads } from './qemu.js';
import { SECTOR, times } from './sector-file.js';

const { put } = tempFiles();

/** A disk of one COWD extent, `change` made to its file. */
function putCowd(name: string, options: CowdOptions, change: (bytes: Buffer) => Buffer = (bytes) => bytes) {
  put(`${name}-delta.vmdk`, change(buildCowd(options).bytes));
  const extents = [`RW ${options.capacitySectors} VMFSSPARSE "${name}-delta.vmdk"`];
  return put(`${name}.vmdk`, buildDescriptor({ createType: 'vmfsSparse', extents }));
}

const sector = (value: number) => Buffer.alloc(SECTOR, value);

describe('a COWD (vmfsSparse) disk', () => {
  it('reads as qemu-img reads it, its grains of a sector in any order', async () => {
    const numbers = [0, 1, 4095, 4096, 4097, 12_287, 9000, 5, 20_478, 20_479];
    const range = putCowd('plain', {
      capacitySectors: 20_480,
      grains: new Map(numbers.map((number, i) => [number, sector(i + 1)])),
    });
    const content = await readWhole(await openVmdkAt(range));
    expect(content.equals(asQemuReads(range.path))).toBe(true);
    expect(content.subarray(4095 * SECTOR, 4096 * SECTOR).equals(sector(3))).toBe(true);
  });

  it('reads with larger grains and a capacity that ends inside one', async () => {
    const grains = new Map([[3, Buffer.alloc(16 * SECTOR, 'cowd')]]);
    const range = putCowd('large', { capacitySectors: 3 * 16 + 5, grainSectors: 16, grains });
    const content = await readWhole(await openVmdkAt(range));
    expect(content.length).toBe(53 * SECTOR);
    expect(content.equals(asQemuReads(range.path))).toBe(true);
  });

  it('tells from its tables alone which blocks may hold data', async () => {
    const capacitySectors = 5 * 4096;
    const image = await openVmdkAt(
      putCowd('map', { capacitySectors, grains: new Map([[2 * 4096, sector(1)]]) }),
    );
    expect([...(await allocatedBlocks(image))]).toEqual([0, 0, 1, 0, 0]);
    image.close();
  });
});

describe('a damaged COWD extent', () => {
  const options = { capacitySectors: 8192, grains: new Map([[7, sector(1)]]) };
  const { directoryOffset, tableOffsets } = buildCowd(options);
  const table = tableOffsets[0] ?? 0;
  const patched =
    (offset: number, value: number) =>
    (bytes: Buffer): Buffer => {
      bytes.writeUInt32LE(value, offset);
      return bytes;
    };

  it.each<[string, string, number, (bytes: Buffer) => Buffer]>([
    ['of another version', 'VMDK_UNSUPPORTED', 4, patched(4, 2)],
    ['with an absurd grain', 'VMDK_HEADER_INVALID', 16, patched(16, 3)],
    ['with a grain of nothing', 'VMDK_HEADER_INVALID', 16, patched(16, 0)],
    ['with too small a directory', 'VMDK_HEADER_INVALID', 24, patched(24, 1)],
    ['with a directory outside', 'VMDK_TABLE_OUT_OF_RANGE', 0xffff_ffff * 512, patched(20, 0xffff_ffff)],
    ['without a directory', 'VMDK_TABLE_OUT_OF_RANGE', 0, patched(20, 0)],
    ['with a table outside', 'VMDK_TABLE_OUT_OF_RANGE', 0x7fff * 512, patched(directoryOffset, 0x7fff)],
    ['with a grain outside', 'VMDK_GRAIN_OUT_OF_RANGE', table + 28, patched(table + 28, 0x7fff)],
    ['cut in a table', 'VMDK_TABLE_OUT_OF_RANGE', table, (bytes) => bytes.subarray(0, table + 512)],
    ['cut in the header', 'VMDK_TRUNCATED', 100, (bytes) => bytes.subarray(0, 100)],
  ])('%s is refused as %s with its place', async (what, code, offset, change) => {
    const name = what.replaceAll(' ', '-');
    const reading = async () => await readWhole(await openVmdkAt(putCowd(name, options, change)));
    await expect(reading()).rejects.toMatchObject({
      code,
      place: { file: expect.stringContaining(`${name}-delta.vmdk`), offset },
    });
  });

  it('whose grain is cut off is refused when it is read', async () => {
    const range = putCowd('cut-grain', options, (bytes) => bytes.subarray(0, bytes.length - 100));
    const image = await openVmdkAt(range);
    await expect(readWhole(image)).rejects.toMatchObject({ code: 'VMDK_TRUNCATED' });
  });

  it('that names one table over and over is refused at once', async () => {
    const tables = 100_000;
    const many = buildCowd({ capacitySectors: tables * 4096, grains: new Map([[0, sector(1)]]) });
    const [first = 0] = many.tableOffsets;
    for (const index of times(tables, (i) => i)) {
      many.bytes.writeUInt32LE(first / SECTOR, many.directoryOffset + index * 4);
    }
    put('over-delta.vmdk', many.bytes);
    const extents = [`RW ${tables * 4096} VMFSSPARSE "over-delta.vmdk"`];
    const range = put('over.vmdk', buildDescriptor({ createType: 'vmfsSparse', extents }));
    await expect(openVmdkAt(range)).rejects.toMatchObject({ code: 'VMDK_TABLE_OUT_OF_RANGE' });
  });
});
