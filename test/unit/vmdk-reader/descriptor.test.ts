import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allocatedBlocks, createReadTools, readDisk } from '../../../src/disk-image/index.js';
import { openVmdkAt, readWhole } from '../../support/disk-reader.js';
import { tempFiles } from '../../support/temp-files.js';
import { buildCowd } from './cowd-builder.js';
import { buildDescriptor } from './descriptor-builder.js';
import { buildSesparse } from './sesparse-builder.js';
import { buildSparse } from './sparse-builder.js';
import { descriptorText } from './vmdk-builder.js';

const { folder, put } = tempFiles();
const MIB = 1024 * 1024;
const sector = (value: string) => Buffer.alloc(512, value);
const grain = (value: string) => Buffer.alloc(65_536, value);

function open(name: string, createType: string, ...extents: string[]) {
  return openVmdkAt(put(name, descriptorText(createType, ...extents)));
}

describe('a disk of several extents', () => {
  it('reads across extents that end inside a block, flat and zero ones mixed', async () => {
    put('a-flat.vmdk', Buffer.alloc(3 * 512, 'A'));
    put('b-flat.vmdk', Buffer.concat([Buffer.alloc(512, 'x'), Buffer.alloc(5 * 512, 'B')]));
    const image = await open(
      'mixed.vmdk',
      'custom',
      'RW 3 FLAT "a-flat.vmdk" 0',
      'RW 4 ZERO',
      'RW 5 FLAT "b-flat.vmdk" 1',
    );
    const content = Buffer.alloc(16 * 512, 0xff);
    await readDisk(image, content, 0, content.length, createReadTools());
    image.close();
    expect(image.byteLength).toBe(12 * 512);
    const expected = [
      Buffer.alloc(3 * 512, 'A'),
      Buffer.alloc(4 * 512),
      Buffer.alloc(5 * 512, 'B'),
      Buffer.alloc(4 * 512),
    ];
    expect(content.equals(Buffer.concat(expected))).toBe(true);
  });

  it('mixes sparse, flat, VMFS and zero extents', async () => {
    put('m-s001.vmdk', buildSparse({ capacitySectors: 256, grains: new Map([[1, grain('s')]]) }).bytes);
    put('m-f002.vmdk', Buffer.alloc(24 * 512, 'F'));
    put('m-delta.vmdk', buildCowd({ capacitySectors: 10, grains: new Map([[9, sector('C')]]) }).bytes);
    const image = await open(
      'm.vmdk',
      'custom',
      'RW 256 SPARSE "m-s001.vmdk"',
      'RW 7 ZERO',
      'RDONLY 16 VMFS "m-f002.vmdk" 8',
      'RW 10 VMFSSPARSE "m-delta.vmdk"',
    );
    const zeros = (sectors: number) => Buffer.alloc(sectors * 512);
    const flat = Buffer.alloc(16 * 512, 'F');
    const expected = Buffer.concat([zeros(128), grain('s'), zeros(7), flat, zeros(9), sector('C')]);
    expect((await readWhole(image)).equals(expected)).toBe(true);
  });

  it.each([
    'vmfs',
    'vmfsThin',
    'vmfsPreallocated',
    'vmfsEagerZeroedThick',
  ])('reads %s', async (createType) => {
    put('esx-flat.vmdk', Buffer.alloc(4096, 'esx'));
    const image = await open('esx.vmdk', createType, 'RW 8 VMFS "esx-flat.vmdk"');
    expect(image.format).toBe(createType);
    expect((await readWhole(image)).equals(Buffer.alloc(4096, 'esx'))).toBe(true);
  });

  it('takes the holes of flat files from whoever knows them', async () => {
    put('holes-flat.vmdk', Buffer.alloc(6 * MIB));
    const range = put(
      'holes.vmdk',
      descriptorText('monolithicFlat', `RW ${(6 * MIB) / 512} FLAT "holes-flat.vmdk" 0`),
    );
    const image = await openVmdkAt(range, async () => [{ start: 2 * MIB + 5, end: 2 * MIB + 6 }]);
    expect([...(await allocatedBlocks(image))]).toEqual([0, 1, 0]);
    image.close();
  });
});

describe('a descriptor', () => {
  it.each<[string, string, string[]]>([
    ['VMDK_EXTENT_MISSING', 'monolithicFlat', ['RW 8 FLAT "gone-flat.vmdk" 0']],
    ['OVF_UNSAFE_PATH', 'monolithicFlat', ['RW 8 FLAT "../../etc/passwd" 0']],
    ['OVF_UNSAFE_PATH', 'monolithicFlat', ['RW 8 FLAT "/etc/passwd" 0']],
    ['VMDK_DESCRIPTOR_INVALID', 'monolithicFlat', ['RW 9007199254740991 ZERO']],
    ['VMDK_TRUNCATED', 'monolithicFlat', ['RW 8 FLAT "a-flat.vmdk" 99999999999999999999']],
    ['VMDK_DESCRIPTOR_INVALID', 'monolithicFlat', ['RW many FLAT "a-flat.vmdk" 0']],
    ['VMDK_DESCRIPTOR_INVALID', 'monolithicFlat', []],
  ])('is refused as %s when it is a %s of %j', async (code, createType, extents) => {
    put('a-flat.vmdk', Buffer.alloc(3 * 512, 'A'));
    await expect(open('refused.vmdk', createType, ...extents)).rejects.toMatchObject({ code });
  });

  it('may not reach out of its folder through a link', async () => {
    mkdirSync(join(folder, 'inside'));
    writeFileSync(join(folder, 'secret'), Buffer.alloc(4096));
    symlinkSync('../secret', join(folder, 'inside', 'link-flat.vmdk'));
    const bytes = descriptorText('monolithicFlat', 'RW 8 FLAT "link-flat.vmdk" 0');
    writeFileSync(join(folder, 'inside', 'disk.vmdk'), bytes);
    const range = { path: join(folder, 'inside', 'disk.vmdk'), offset: 0, length: bytes.length };
    await expect(openVmdkAt(range)).rejects.toMatchObject({ code: 'OVF_UNSAFE_PATH' });
  });

  it('of a snapshot whose parent is nowhere is refused, not read as a whole disk', async () => {
    const text = descriptorText('monolithicFlat', 'RW 3 FLAT "a-flat.vmdk" 0').toString();
    const range = put('delta.vmdk', text.replace('parentCID=ffffffff', 'parentCID=0badf00d'));
    await expect(openVmdkAt(range)).rejects.toMatchObject({ code: 'VMDK_EXTENT_MISSING' });
  });

  it.each<[string, string, string]>([
    ['COWD', 'VMDK_DESCRIPTOR_INVALID', 'COWD'],
    ['\u00be\u00ba\u00fe\u00ca\0\0\0\0', 'VMDK_DESCRIPTOR_INVALID', 'SESparse'],
    ['\u00a2r\u0019\u00f6', 'VMDK_DESCRIPTOR_INVALID', 'change tracking'],
    ['QFI\u00fb', 'VMDK_BAD_MAGIC', 'neither'],
    ['', 'VMDK_BAD_MAGIC', 'neither'],
  ])('that begins with %j is refused as %s', async (magic, code, message) => {
    const range = put('other.vmdk', Buffer.concat([Buffer.from(magic, 'latin1'), Buffer.alloc(600)]));
    await expect(openVmdkAt(range)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['one extent of a split disk', buildSparse({ capacitySectors: 128, grains: new Map() }).bytes],
    ['a COWD (vmfsSparse) extent', buildCowd({ capacitySectors: 8, grains: new Map() }).bytes],
    ['a SESparse extent', buildSesparse({ capacitySectors: 8, grains: new Map() }).bytes],
  ])('is to be named in place of %s', async (what, bytes) => {
    await expect(openVmdkAt(put('bare.vmdk', bytes))).rejects.toMatchObject({
      code: 'VMDK_DESCRIPTOR_INVALID',
      message: expect.stringContaining(what),
      hint: expect.stringContaining('Name the descriptor file'),
    });
  });

  it.each([
    ['windows-1252', Buffer.from('Gr\u00f6\u00dfe \x80-flat.vmdk', 'latin1')],
    ['UTF-8', Buffer.from('Gr\u00f6\u00dfe €-flat.vmdk')],
    ['no-such-encoding', Buffer.from('Gr\u00f6\u00dfe €-flat.vmdk')],
  ])('in %s names files beyond ASCII', async (encoding, name) => {
    put('Gr\u00f6\u00dfe €-flat.vmdk', Buffer.alloc(512, 'G'));
    const [head = '', tail = ''] = buildDescriptor({
      createType: 'monolithicFlat',
      extents: ['RW 1 FLAT "NAME" 0'],
    })
      .replace('version=1', `version=1\nencoding="${encoding}"`)
      .split('NAME');
    const range = put('encoded.vmdk', Buffer.concat([Buffer.from(head), name, Buffer.from(tail)]));
    expect((await readWhole(await openVmdkAt(range))).equals(Buffer.alloc(512, 'G'))).toBe(true);
  });
});

describe('a disk whose data is on a device', () => {
  it.each<[string, string, string, string]>([
    ['vmfsRawDeviceMap', 'VMFSRDM', 'raw device mapping', 'vmkfstools'],
    ['vmfsPassthroughRawDeviceMap', 'VMFSRDM', 'physical mode', 'vmkfstools'],
    ['vmfsRDM', 'VMFSRDM', 'raw device mapping', 'vmkfstools'],
    ['vmfsRaw', 'VMFSRAW', 'raw device', 'vmkfstools'],
    ['vmfs', 'VMFSRDM', 'raw device mapping', 'vmkfstools'],
    ['vmfs', 'VMFSRAW', 'raw device', 'vmkfstools'],
    ['fullDevice', 'FLAT', 'whole physical disk', 'vmware-vdiskmanager'],
    ['partitionedDevice', 'FLAT', 'partitions', 'vmware-vdiskmanager'],
  ])('is refused by name: %s with %s', async (createType, kind, what, tool) => {
    await expect(open('device.vmdk', createType, `RW 8 ${kind} "lun-rdm.vmdk"`)).rejects.toMatchObject({
      code: 'VMDK_UNSUPPORTED',
      message: expect.stringContaining(what),
      hint: expect.stringContaining(tool),
    });
  });

  it('is refused under a snapshot too', async () => {
    put(
      'lun.vmdk',
      buildDescriptor({ createType: 'vmfsRawDeviceMap', extents: ['RW 8 VMFSRDM "l-rdm.vmdk"'] }),
    );
    put('lun-1-delta.vmdk', buildCowd({ capacitySectors: 8, grains: new Map() }).bytes);
    const snapshot = put(
      'lun-1.vmdk',
      buildDescriptor({
        createType: 'vmfsSparse',
        parentCid: '12345678',
        parent: 'lun.vmdk',
        extents: ['RW 8 VMFSSPARSE "lun-1-delta.vmdk"'],
      }),
    );
    await expect(openVmdkAt(snapshot)).rejects.toMatchObject({ code: 'VMDK_UNSUPPORTED' });
  });
});
