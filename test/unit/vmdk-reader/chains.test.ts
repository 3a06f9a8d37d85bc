import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allocatedBlocks } from '../../../src/disk-image/index.js';
import { openVmdkAt, readWhole } from '../../support/disk-reader.js';
import { tempFiles } from '../../support/temp-files.js';
import { buildCowd } from './cowd-builder.js';
import { buildDescriptor, type DescriptorOptions } from './descriptor-builder.js';
import { asQemuReads, qemuCreate, qemuIo, wholeFile } from './qemu.js';
import { buildSesparse } from './sesparse-builder.js';
import { buildSparse } from './sparse-builder.js';

const { folder, put } = tempFiles();
const MIB = 1024 * 1024;
const SECTORS = (4 * MIB) / 512;
const BASE = Buffer.alloc(4 * MIB, 'the base disk ');

/** A VMFS flat disk full of data. */
function putBase(name: string, options: Partial<DescriptorOptions> = {}) {
  put(`${name}-flat.vmdk`, BASE);
  const extents = [`RW ${SECTORS} VMFS "${name}-flat.vmdk"`];
  return put(`${name}.vmdk`, buildDescriptor({ createType: 'vmfs', cid: 'aaaaaaaa', extents, ...options }));
}

/** A COWD snapshot with one sector of `fill` at `sector`. */
function putCowdChild(name: string, sector: number, options: Partial<DescriptorOptions>) {
  const grains = new Map([[sector, Buffer.alloc(512, name)]]);
  put(`${name}-delta.vmdk`, buildCowd({ capacitySectors: SECTORS, grains }).bytes);
  const extents = [`RW ${SECTORS} VMFSSPARSE "${name}-delta.vmdk"`];
  return put(
    `${name}.vmdk`,
    buildDescriptor({ createType: 'vmfsSparse', parentCid: 'aaaaaaaa', extents, ...options }),
  );
}

describe('a snapshot', () => {
  it('of a flat disk in COWD reads as qemu-img reads it', async () => {
    putBase('vm');
    const range = putCowdChild('vm-000001', 9, { parent: 'vm.vmdk' });
    const image = await openVmdkAt(range);
    expect(image.format).toBe('vmfsSparse');
    expect(image.files.map((file) => file.slice(folder.length + 1))).toEqual([
      'vm-000001.vmdk',
      'vm-000001-delta.vmdk',
      'vm.vmdk',
      'vm-flat.vmdk',
    ]);
    const content = await readWhole(image);
    expect(content.toString('latin1', 9 * 512, 9 * 512 + 9)).toBe('vm-000001');
    expect(content.equals(asQemuReads(range.path))).toBe(true);
  });

  it('in SESparse reads as qemu-img reads it: what was zeroed or unmapped hides the parent', async () => {
    putBase('se');
    const grains = new Map<number, Buffer | 'unmapped' | 'zeros'>([
      [0, 'zeros'],
      [3, Buffer.alloc(4096, 's')],
      [4, 'unmapped'],
    ]);
    put('se-1-sesparse.vmdk', buildSesparse({ capacitySectors: SECTORS, grains }).bytes);
    const range = put(
      'se-1.vmdk',
      buildDescriptor({
        createType: 'seSparse',
        parentCid: 'aaaaaaaa',
        parent: 'se.vmdk',
        extents: [`RW ${SECTORS} SESPARSE "se-1-sesparse.vmdk"`],
      }),
    );
    const content = await readWhole(await openVmdkAt(range));
    expect(content.equals(asQemuReads(range.path))).toBe(true);
    const expected = Buffer.from(BASE);
    expected
      .fill(0, 0, 4096)
      .fill('s', 3 * 4096, 4 * 4096)
      .fill(0, 4 * 4096, 5 * 4096);
    expect(content.equals(expected)).toBe(true);
  });

  it.each([
    'monolithicFlat',
    'monolithicSparse',
    'twoGbMaxExtentSparse',
  ])('made by qemu-img, two deep on %s, reads as qemu-img reads it', async (subformat) => {
    const at = (name: string) => join(folder, `${subformat}-${name}.vmdk`);
    qemuCreate(at('base'), '6M', `subformat=${subformat}`);
    qemuIo(at('base'), 'write -P 1 0 5M');
    qemuCreate(at('middle'), '6M', `backing_file=${at('base')}`, 'backing_fmt=vmdk');
    qemuIo(at('middle'), 'write -P 2 1M 64k', 'write -P 3 5M 1M');
    qemuCreate(at('top'), '6M', `backing_file=${at('middle')}`, 'backing_fmt=vmdk', 'zeroed_grain=on');
    qemuIo(at('top'), 'write -P 4 4352k 512', 'write -z 2M 128k');
    const image = await openVmdkAt(wholeFile(at('top')));
    const content = await readWhole(image);
    expect(content.equals(asQemuReads(at('top')))).toBe(true);
    expect([content[0], content[MIB], content[2 * MIB], content[4352 * 1024]]).toEqual([1, 2, 0, 4]);
  });

  it('finds its parent beside it, whatever path the datastore had', async () => {
    putBase('far');
    const parent = '/vmfs/volumes/5f1a-22c/templates/far.vmdk';
    const content = await readWhole(await openVmdkAt(putCowdChild('far-000001', 0, { parent })));
    expect(content.subarray(512).equals(BASE.subarray(512))).toBe(true);
  });

  it('finds a parent that a Windows host named', async () => {
    putBase('win');
    const parent = 'C:\\Virtual Machines\\win.vmdk';
    const content = await readWhole(await openVmdkAt(putCowdChild('win-000001', 0, { parent })));
    expect(content.subarray(512).equals(BASE.subarray(512))).toBe(true);
  });

  it('takes content ids for numbers: QEMU leaves leading zeros out', async () => {
    putBase('ids', { cid: '0badf00d' });
    const range = putCowdChild('ids-000001', 0, { parent: 'ids.vmdk', parentCid: 'BADF00D' });
    expect((await readWhole(await openVmdkAt(range))).length).toBe(BASE.length);
  });

  it('larger than its parent has zeros where the parent ends', async () => {
    putBase('grown');
    const capacitySectors = SECTORS + 4096;
    const grains = new Map([[1, Buffer.alloc(65_536, 'n')]]);
    const range = put(
      'grown-1.vmdk',
      buildSparse({
        capacitySectors,
        grains,
        descriptor: buildDescriptor({
          createType: 'monolithicSparse',
          parentCid: 'aaaaaaaa',
          parent: 'grown.vmdk',
          extents: [`RW ${capacitySectors} SPARSE "grown-1.vmdk"`],
        }),
      }).bytes,
    );
    const content = await readWhole(await openVmdkAt(range));
    const expected = Buffer.concat([BASE, Buffer.alloc(2 * MIB)]).fill('n', 65_536, 2 * 65_536);
    expect(content.equals(expected)).toBe(true);
    expect(content.equals(asQemuReads(range.path))).toBe(true);
  });

  it('smaller than its parent ends where it says', async () => {
    putBase('shrunk');
    put('shrunk-1-delta.vmdk', buildCowd({ capacitySectors: 4096 + 8, grains: new Map() }).bytes);
    const range = put(
      'shrunk-1.vmdk',
      buildDescriptor({
        createType: 'vmfsSparse',
        parentCid: 'aaaaaaaa',
        parent: 'shrunk.vmdk',
        extents: [`RW ${4096 + 8} VMFSSPARSE "shrunk-1-delta.vmdk"`],
      }),
    );
    const image = await openVmdkAt(range);
    expect([...(await allocatedBlocks(image))]).toEqual([1, 1]);
    expect((await readWhole(image)).equals(BASE.subarray(0, (4096 + 8) * 512))).toBe(true);
  });
});

describe('a broken chain', () => {
  it('whose parent was changed after the snapshot is refused', async () => {
    putBase('changed', { cid: 'bbbbbbbb' });
    const range = putCowdChild('changed-000001', 0, { parent: 'changed.vmdk' });
    await expect(openVmdkAt(range)).rejects.toMatchObject({
      code: 'VMDK_PARENT_MISMATCH',
      message: expect.stringMatching(/changed\.vmdk .*bbbbbbbb, aaaaaaaa expected/),
      place: { file: range.path },
    });
  });

  it('that bites its tail is refused', async () => {
    putCowdChild('tail-1', 0, { parent: 'tail-2.vmdk', cid: 'aaaaaaaa' });
    const range = putCowdChild('tail-2', 0, { parent: 'tail-1.vmdk', cid: 'aaaaaaaa' });
    await expect(openVmdkAt(range)).rejects.toMatchObject({
      code: 'VMDK_DESCRIPTOR_INVALID',
      message: expect.stringContaining('tail-2.vmdk'),
    });
  });

  it('without a name for the parent is refused', async () => {
    await expect(openVmdkAt(putCowdChild('orphan', 0, {}))).rejects.toMatchObject({
      code: 'VMDK_EXTENT_MISSING',
      message: expect.stringContaining('names no parent'),
    });
  });

  it('never reads a parent out of the folder', async () => {
    mkdirSync(join(folder, 'elsewhere'));
    putBase('elsewhere/secret');
    const range = putCowdChild('stray', 0, { parent: 'elsewhere/secret.vmdk' });
    await expect(openVmdkAt(range)).rejects.toMatchObject({ code: 'VMDK_EXTENT_MISSING' });
  });

  it('tells the damage of every disk in it', async () => {
    const extents = [`RW ${SECTORS} SPARSE "note.vmdk"`];
    const descriptor = buildDescriptor({ createType: 'monolithicSparse', cid: 'aaaaaaaa', extents });
    const grains = new Map([[0, Buffer.alloc(65_536, 'g')]]);
    const { bytes, tableOffsets } = buildSparse({ capacitySectors: SECTORS, grains, descriptor });
    bytes.writeUInt32LE(0xffff_fff0, tableOffsets[0]);
    put('note.vmdk', bytes);
    const image = await openVmdkAt(putCowdChild('note-1', 200, { parent: 'note.vmdk' }));
    const content = await readWhole(image);
    expect(content.toString('latin1', 0, 2)).toBe('gg');
    expect(image.notes).toEqual([expect.stringMatching(/^note\.vmdk: damaged grain tables: 1;/)]);
  });
});
