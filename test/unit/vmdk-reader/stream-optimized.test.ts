import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  allocatedBlocks,
  createReadTools,
  type GrainInflater,
  INFLATE_SLACK,
  readDisk,
} from '../../../src/disk-image/index.js';
import type { FileRange } from '../../../src/model/virtual-machine.js';
import { noise } from '../../support/disk-maker.js';
import { openVmdkAt, readWhole } from '../../support/disk-reader.js';
import { tempFiles } from '../../support/temp-files.js';
import { asQemuReads } from './qemu.js';
import { buildStreamOptimized, type StreamOptions } from './vmdk-builder.js';

const { put } = tempFiles();
const GRAIN = 65_536;
const text = Buffer.alloc(GRAIN, 'All work and no play. ');

async function readAll(range: FileRange): Promise<Buffer> {
  return await readWhole(await openVmdkAt(range));
}

const small: StreamOptions = { capacitySectors: 4096, grains: new Map([[3, text]]) };

describe('a streamOptimized disk with its directory at the end, as ESXi writes it', () => {
  it('reads as qemu-img reads it', async () => {
    const noise = Buffer.from(Array.from({ length: GRAIN }, (_, i) => (i * i * 7919) >> 8));
    const { bytes } = buildStreamOptimized({
      capacitySectors: 3 * 4096 + 5,
      grains: new Map([
        [0, text],
        [31, noise],
        [64, text],
        [96, text],
      ]),
    });
    const range = put('esxi.vmdk', bytes);
    expect((await readAll(range)).equals(asQemuReads(range.path))).toBe(true);
  });

  it('tells which 2 MiB blocks may hold data from its tables alone', async () => {
    const { bytes } = buildStreamOptimized({ capacitySectors: 5 * 4096, grains: new Map([[70, text]]) });
    const image = await openVmdkAt(put('map.vmdk', bytes));
    expect([...(await allocatedBlocks(image))]).toEqual([0, 0, 1, 0, 0]);
    image.close();
  });

  it.each([1, 2, 3])('is read in version %i', async (version) => {
    const { bytes } = buildStreamOptimized({ ...small, version });
    expect((await readAll(put(`v${version}.vmdk`, bytes))).subarray(3 * GRAIN, 4 * GRAIN).equals(text)).toBe(
      true,
    );
  });

  it.each([8, 16, 512, 4096])('is read with grains of %i sectors', async (grainSectors) => {
    const content = Buffer.alloc(grainSectors * 512, 'grain ');
    const { bytes } = buildStreamOptimized({
      capacitySectors: 8192,
      grainSectors,
      grains: new Map([[1, content]]),
    });
    const all = await readAll(put(`g${grainSectors}.vmdk`, bytes));
    expect(all.subarray(content.length, 2 * content.length).equals(content)).toBe(true);
    expect(all.subarray(0, content.length).every((byte) => byte === 0)).toBe(true);
  });

  it.each([8, 128, 1024])('is read without markers, with grains of %i sectors', async (grainSectors) => {
    const bytes = grainSectors * 512;
    // QEMU 7.2 would refuse a grain that deflating made longer, so it is no judge here.
    const random = noise(1, bytes);
    const words = Buffer.alloc(bytes, 'no marker ');
    const built = buildStreamOptimized({
      capacitySectors: 5 * grainSectors - 3,
      grainSectors,
      markers: false,
      grains: new Map([
        [0, random],
        [2, words],
        [4, random],
      ]),
    });
    const all = await readAll(put(`bare${grainSectors}.vmdk`, built.bytes));
    const gap = Buffer.alloc(bytes);
    const expected = Buffer.concat([random, gap, words, gap, random]).subarray(0, -3 * 512);
    expect(all.equals(expected)).toBe(true);
  });

  it('keeps what follows a grain from an inflater that writes beyond it', async () => {
    const { bytes } = buildStreamOptimized(small);
    const image = await openVmdkAt(put('beyond.vmdk', bytes));
    const tools = createReadTools();
    const careless: GrainInflater = {
      inflate(source, from, length, target, start, expected) {
        const produced = tools.inflater.inflate(source, from, length, target, start, expected);
        target.fill(0xff, start + expected, start + expected + INFLATE_SLACK);
        return produced;
      },
    };
    const target = Buffer.alloc(6 * GRAIN);
    await readDisk(image, target, 0, target.length, { ...tools, inflater: careless });
    image.close();
    const expected = Buffer.alloc(6 * GRAIN);
    text.copy(expected, 3 * GRAIN);
    expect(target.equals(expected)).toBe(true);
  });

  it('is read where it lies inside another file', async () => {
    const { bytes } = buildStreamOptimized(small);
    const { path } = put('outer.tar', Buffer.concat([Buffer.alloc(1536, 7), bytes, Buffer.alloc(1024, 9)]));
    const all = await readAll({ path, offset: 1536, length: bytes.length });
    expect(all.subarray(3 * GRAIN, 4 * GRAIN).equals(text)).toBe(true);
  });
});

describe('a damaged streamOptimized disk', () => {
  const built = buildStreamOptimized(small);
  const damaged = (name: string, change: (bytes: Buffer) => Buffer): Promise<Buffer> =>
    readAll(put(name, change(Buffer.from(built.bytes))));
  const patched =
    (offset: number, value: number) =>
    (bytes: Buffer): Buffer => {
      bytes.writeUInt32LE(value, offset);
      return bytes;
    };
  const grain = built.grainOffsets.get(3) ?? 0;

  it.each<[string, string, (bytes: Buffer) => Buffer]>([
    ['without its footer', 'VMDK_TRUNCATED', (bytes) => bytes.subarray(0, bytes.length - 1536)],
    ['cut in the middle', 'VMDK_TRUNCATED', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['cut in the header', 'VMDK_TRUNCATED', (bytes) => bytes.subarray(0, 100)],
    ['with a table outside the file', 'VMDK_TABLE_OUT_OF_RANGE', patched(built.directoryOffset, 0x7fff_ffff)],
    [
      'with a grain outside the file',
      'VMDK_GRAIN_OUT_OF_RANGE',
      patched(built.tableOffset + 12, 0x7fff_ffff),
    ],
    ['with a grain marked for another place', 'VMDK_GRAIN_CORRUPT', patched(grain, 4)],
    ['with a grain of impossible size', 'VMDK_GRAIN_CORRUPT', patched(grain + 8, 0x7fff_ffff)],
    ['with a damaged grain', 'VMDK_GRAIN_CORRUPT', patched(grain + 20, 0xdead_beef)],
  ])('%s is refused as %s with file and offset', async (name, code, change) => {
    await expect(damaged(`${name.replaceAll(' ', '-')}.vmdk`, change)).rejects.toMatchObject({
      code,
      place: { file: expect.stringContaining(name.replaceAll(' ', '-')), offset: expect.any(Number) },
    });
  });

  it.each<[string, Buffer]>([
    ['more than a grain', Buffer.alloc(GRAIN + 1, 1)],
    ['less than a grain', Buffer.alloc(GRAIN - 1, 1)],
  ])('whose grain inflates to %s is refused', async (name, content) => {
    const { bytes } = buildStreamOptimized({
      ...small,
      grains: new Map([[3, { stored: deflateSync(content) }]]),
    });
    await expect(readAll(put(`${name}.vmdk`, bytes))).rejects.toMatchObject({ code: 'VMDK_GRAIN_CORRUPT' });
  });

  it('that claims an absurd size is refused before memory is taken for it', async () => {
    const huge = Buffer.from(built.bytes);
    const footer = huge.length - 1024;
    huge.writeBigUInt64LE(2n ** 36n, footer + 12);
    huge.writeBigUInt64LE(1n, footer + 20);
    await expect(readAll(put('huge.vmdk', huge))).rejects.toMatchObject({ code: 'VMDK_HEADER_INVALID' });
  });
});
