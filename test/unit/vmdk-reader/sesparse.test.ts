import { describe, expect, it } from 'vitest';
import { allocatedBlocks } from '../../../src/disk-image/index.js';
import { openVmdkAt, readWhole } from '../../support/disk-reader.js';
import { tempFiles } from '../../support/temp-files.js';
import { buildDescriptor } from './descriptor-builder.js';
import { asQemuReads } from './qemu.js';
import { times } from './sector-file.js';
import { buildSesparse, type SesparseOptions } from './sesparse-builder.js';

const { put } = tempFiles();
const GRAIN = 4096;

/** A disk of one SESparse extent, `change` made to its file. */
function putSesparse(
  name: string,
  options: SesparseOptions,
  change: (bytes: Buffer) => Buffer = (bytes) => bytes,
) {
  put(`${name}-sesparse.vmdk`, change(buildSesparse(options).bytes));
  const extents = [`RW ${options.capacitySectors} SESPARSE "${name}-sesparse.vmdk"`];
  return put(`${name}.vmdk`, buildDescriptor({ createType: 'seSparse', extents }));
}

const grain = (value: number) => Buffer.alloc(GRAIN, value);

describe('a SESparse disk', () => {
  it('reads as qemu-img reads it, its tables and grains in any order', async () => {
    const capacitySectors = 3 * 4096 * 8;
    const range = putSesparse('plain', {
      capacitySectors,
      grains: new Map<number, Buffer | 'unmapped' | 'zeros'>([
        [9000, grain(1)],
        [3, grain(2)],
        [2, grain(3)],
        [4, 'zeros'],
        [5, 'unmapped'],
        [4095, grain(4)],
        [3 * 4096 - 1, grain(5)],
      ]),
    });
    const content = await readWhole(await openVmdkAt(range));
    expect(content.equals(asQemuReads(range.path))).toBe(true);
    expect(content.subarray(9000 * GRAIN, 9001 * GRAIN).equals(grain(1))).toBe(true);
  });

  it('finds grains whose numbers need more than 12 bits', async () => {
    const grains = new Map(times(4098, (i) => [4097 - i, Buffer.alloc(GRAIN, `grain ${i} `)]));
    const range = putSesparse('many', { capacitySectors: 4098 * 8, grains });
    const content = await readWhole(await openVmdkAt(range));
    expect(content.equals(asQemuReads(range.path))).toBe(true);
    expect(content.toString('latin1', 0, 12)).toBe('grain 4097 g');
  });

  it('may end inside a grain', async () => {
    const grains = new Map([[2, grain(6)]]);
    const range = putSesparse('short', { capacitySectors: 2 * 8 + 3, grains });
    const content = await readWhole(await openVmdkAt(range));
    expect(content.length).toBe(19 * 512);
    expect(content.equals(asQemuReads(range.path))).toBe(true);
  });

  it('tells from its tables alone which blocks may hold data', async () => {
    const grains = new Map<number, Buffer | 'zeros'>([
      [512, 'zeros'],
      [1024, grain(1)],
    ]);
    const image = await openVmdkAt(putSesparse('map', { capacitySectors: 4 * 4096, grains }));
    expect([...(await allocatedBlocks(image))]).toEqual([0, 0, 1, 0]);
    image.close();
  });
});

describe('a damaged SESparse extent', () => {
  const options = { capacitySectors: 8192, grains: new Map([[7, grain(1)]]) };
  const { directoryOffset, tablesOffset, volatileOffset } = buildSesparse(options);
  const entry = tablesOffset + 7 * 8;
  const patched =
    (offset: number, value: bigint) =>
    (bytes: Buffer): Buffer => {
      bytes.writeBigUInt64LE(value, offset);
      return bytes;
    };

  it.each<[string, string, number, (bytes: Buffer) => Buffer]>([
    ['of another version', 'VMDK_UNSUPPORTED', 8, patched(8, 0x0000_0003_0000_0000n)],
    ['above 64 TiB', 'VMDK_HEADER_INVALID', 16, patched(16, 1n << 40n)],
    ['beyond all numbers', 'VMDK_HEADER_INVALID', 16, patched(16, 1n << 63n)],
    ['with grains of 16 sectors', 'VMDK_UNSUPPORTED', 24, patched(24, 16n)],
    ['with other tables', 'VMDK_UNSUPPORTED', 32, patched(32, 128n)],
    ['with flags', 'VMDK_UNSUPPORTED', 40, patched(40, 1n)],
    ['without grains', 'VMDK_HEADER_INVALID', 192, patched(192, 0n)],
    ['with too small a directory', 'VMDK_HEADER_INVALID', 136, patched(136, 0n)],
    ['with a directory outside', 'VMDK_TABLE_OUT_OF_RANGE', 512 << 20, patched(128, 1n << 20n)],
    ['without a volatile header', 'VMDK_HEADER_INVALID', volatileOffset, patched(volatileOffset, 0n)],
    ['with a journal', 'VMDK_UNSUPPORTED', volatileOffset + 24, patched(volatileOffset + 24, 1n)],
    ['with another entry', 'VMDK_TABLE_OUT_OF_RANGE', directoryOffset, patched(directoryOffset, 2n << 60n)],
    [
      'with a stray table',
      'VMDK_TABLE_OUT_OF_RANGE',
      directoryOffset,
      patched(directoryOffset, (1n << 60n) | 1n),
    ],
    ['with its tables at the header', 'VMDK_TABLE_OUT_OF_RANGE', directoryOffset, patched(144, 0n)],
    ['with its tables outside', 'VMDK_TABLE_OUT_OF_RANGE', 512 << 20, patched(144, 1n << 20n)],
    ['with a grain outside', 'VMDK_GRAIN_OUT_OF_RANGE', entry, patched(entry, (3n << 60n) | (9n << 48n))],
    ['with a grain far outside', 'VMDK_GRAIN_OUT_OF_RANGE', entry, patched(entry, (4n << 60n) - 1n)],
    ['with an unknown grain', 'VMDK_GRAIN_OUT_OF_RANGE', entry, patched(entry, 5n << 60n)],
    ['with a number of no type', 'VMDK_GRAIN_OUT_OF_RANGE', entry, patched(entry, 5n)],
    ['cut in the header', 'VMDK_TRUNCATED', 100, (bytes) => bytes.subarray(0, 100)],
  ])('%s is refused as %s with its place', async (what, code, offset, change) => {
    const name = what.replaceAll(' ', '-');
    const reading = async () => await readWhole(await openVmdkAt(putSesparse(name, options, change)));
    await expect(reading()).rejects.toMatchObject({
      code,
      place: { file: expect.stringContaining(`${name}-sesparse.vmdk`), offset },
    });
  });

  it('that was not closed says what to do', async () => {
    const range = putSesparse('open', options, patched(volatileOffset + 24, 1n));
    await expect(openVmdkAt(range)).rejects.toMatchObject({ hint: expect.stringContaining('shut it down') });
  });
});
