import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allocatedBlocks, createReadTools, readDisk } from '../../../src/disk-image/index.js';
import { openVmdkAt } from '../../support/disk-reader.js';
import { tempFiles } from '../../support/temp-files.js';
import { descriptorText } from './vmdk-builder.js';

const { folder, put } = tempFiles();
const MIB = 1024 * 1024;

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
    ['VMDK_UNSUPPORTED', 'vmfsRawDeviceMap', ['RW 8 VMFSRDM "lun-rdm.vmdk"']],
    ['VMDK_DESCRIPTOR_INVALID', 'monolithicFlat', ['RW many FLAT "a-flat.vmdk" 0']],
    ['VMDK_DESCRIPTOR_INVALID', 'monolithicFlat', []],
  ])('is refused as %s when it is a %s of %j', async (code, createType, extents) => {
    put('lun-rdm.vmdk', 'raw device');
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
    ['QFI\u00fb', 'VMDK_BAD_MAGIC', 'neither'],
    ['', 'VMDK_BAD_MAGIC', 'neither'],
  ])('that begins with %j is refused as %s', async (magic, code, message) => {
    const range = put('other.vmdk', Buffer.concat([Buffer.from(magic, 'latin1'), Buffer.alloc(600)]));
    await expect(openVmdkAt(range)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
});
