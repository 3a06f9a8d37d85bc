import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vhdGeometry } from '../../../src/vhd/geometry.js';
import { blockOffset, checkVhd, MAX_VHD_BYTES, vhdLayout } from '../../../src/vhd/index.js';
import { tempFiles } from '../../support/temp-files.js';
import { assembleVhd } from './assemble-vhd.js';

const { put } = tempFiles();
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const UUID = Buffer.from('0123456789abcdef0123456789abcdef', 'hex');

describe('geometry', () => {
  // Worked out by hand from the pseudo-code in the appendix of the VHD specification.
  it.each([
    [2 * MIB, { cylinders: 60, heads: 4, sectorsPerTrack: 17 }],
    [100 * MIB, { cylinders: 1003, heads: 12, sectorsPerTrack: 17 }],
    [4 * GIB, { cylinders: 8322, heads: 16, sectorsPerTrack: 63 }],
    [MAX_VHD_BYTES, { cylinders: 65535, heads: 16, sectorsPerTrack: 255 }],
  ])('of a disk of %i bytes', (size, expected) => {
    expect(vhdGeometry(size)).toEqual(expected);
  });

  it('never describes more than the disk holds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_044_480 }), (blocks) => {
        const { cylinders, heads, sectorsPerTrack } = vhdGeometry(blocks * 2 * MIB);
        return cylinders <= 65_535 && cylinders * heads * sectorsPerTrack * 512 <= blocks * 2 * MIB;
      }),
    );
  });
});

describe('layout', () => {
  it('aligns every block’s data to 4 KiB and keeps its page clear of the tables', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_044_480 }), fc.nat(1_044_480), (blocks, rank) => {
        const layout = vhdLayout(blocks * 2 * MIB);
        return (
          blockOffset(layout, rank) % 4096 === 0 &&
          layout.firstBlockOffset >= layout.batmapOffset + layout.batmapBytes &&
          layout.batmapHeaderOffset >= 1536 + blocks * 4
        );
      }),
    );
  });

  it('puts the parent’s paths between the tables and the blocks, whatever its name', () => {
    const name = fc.string({ minLength: 1, maxLength: 255 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_044_480 }), name, (blocks, parentName) => {
        const parent = { name: parentName, uuid: UUID, timestamp: 0 };
        const layout = vhdLayout(blocks * 2 * MIB, { parent });
        let end = layout.batmapOffset + layout.batmapBytes;
        for (const { offset, path, space } of layout.locators) {
          expect(offset).toBeGreaterThanOrEqual(end);
          expect(space % 512).toBe(0);
          expect(path.length).toBeLessThanOrEqual(space);
          end = offset + space;
        }
        expect(layout.firstBlockOffset).toBeGreaterThanOrEqual(end);
        expect(layout.firstBlockOffset % 4096).toBe(0);
      }),
    );
  });

  it('rounds a disk up to 2 MiB as storage managers do', () => {
    expect(vhdLayout(1).virtualBytes).toBe(2 * MIB);
    expect(vhdLayout(2 * MIB + 512).virtualBytes).toBe(4 * MIB);
  });

  it('ends at 2040 GiB', () => {
    expect(vhdLayout(MAX_VHD_BYTES).blocks).toBe(1_044_480);
    expect(() => vhdLayout(MAX_VHD_BYTES + 1)).toThrow(expect.objectContaining({ code: 'VHD_TOO_LARGE' }));
  });

  it('keeps every block of the largest disk where a 32-bit sector number reaches', () => {
    const layout = vhdLayout(MAX_VHD_BYTES);
    expect(blockOffset(layout, layout.blocks) / 512).toBeLessThan(0xffff_ffff);
  });
});

describe('a VHD put together from its parts', () => {
  const layout = vhdLayout(20 * MIB);
  const file = assembleVhd(layout, UUID, [0, 1, 0, 0, 1, 1, 0, 0, 0, 1]);

  it('is good by the rules of XenServer', async () => {
    expect(await checkVhd(put('good.vhd', file).path)).toEqual({
      virtualBytes: 20 * MIB,
      storedBlocks: 4,
      findings: [],
    });
  });

  it('is read by libvhdi and QEMU with its size', () => {
    const { path } = put('tools.vhd', file);
    expect(execFileSync('vhdiinfo', [path], { encoding: 'utf8' })).toContain(`(${20 * MIB} bytes)`);
    const info = JSON.parse(execFileSync('qemu-img', ['info', '--output=json', path], { encoding: 'utf8' }));
    expect(info).toMatchObject({ format: 'vpc', 'virtual-size': 20 * MIB });
  });

  it.each<[string, (bytes: Buffer) => void]>([
    ['differ', (bytes) => bytes.writeUInt8(1, 85)],
    ['footer checksum', (bytes) => bytes.writeUInt32BE(1, bytes.length - 512 + 64)],
    ['dynamic header checksum', (bytes) => bytes.writeUInt32BE(0, 512 + 36)],
    ['no UUID', (bytes) => bytes.fill(0, bytes.length - 512 + 68, bytes.length - 512 + 84)],
    ['future', (bytes) => bytes.writeUInt32BE(0xffff_0000, bytes.length - 512 + 24)],
    ['geometry is too large', (bytes) => bytes.writeUInt32BE(0xffff_10ff, bytes.length - 512 + 56)],
    ['batmap checksum', (bytes) => bytes.writeUInt8(0xff, layout.batmapOffset)],
    ['batmap is missing', (bytes) => bytes.fill(0, layout.batmapHeaderOffset, layout.batmapHeaderOffset + 8)],
    ['overlaps the tables', (bytes) => bytes.writeUInt32BE(2, 1536 + 4)],
    ['overlaps what follows', (bytes) => bytes.writeUInt32BE(bytes.readUInt32BE(1536 + 16), 1536 + 4)],
    ['past the end', (bytes) => bytes.writeUInt32BE(0x00ff_ffff, 1536 + 4)],
  ])('is found bad when damaged: %s', async (finding, damage) => {
    const bytes = Buffer.from(file);
    damage(bytes);
    const { findings } = await checkVhd(put('bad.vhd', bytes).path);
    expect(findings).toContainEqual(expect.stringContaining(finding));
  });

  it('made by qemu-img is found to have too large a geometry, which XenServer refuses', async () => {
    const { path } = put('qemu.vhd', '');
    execFileSync('qemu-img', [
      'create',
      '-q',
      '-f',
      'vpc',
      '-o',
      'subformat=dynamic,force_size=on',
      path,
      '100M',
    ]);
    expect((await checkVhd(path)).findings).toContainEqual('the geometry is too large for the disk size');
  });

  it.each<[string, Buffer]>([
    ['empty', Buffer.alloc(0)],
    ['cut', file.subarray(0, file.length - 100)],
    ['of zeros', Buffer.alloc(8192)],
  ])('is refused when %s', async (name, bytes) => {
    await expect(checkVhd(put(`${name}.vhd`, bytes).path)).rejects.toMatchObject({ code: 'VHD_INVALID' });
  });
});
