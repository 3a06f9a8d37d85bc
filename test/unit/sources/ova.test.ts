import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { diskParts } from '../../../src/model/virtual-machine.js';
import { readInventory } from '../../../src/sources/index.js';
import { DISK_BYTES, digest, Estate, file, onlyDisk, onlyMachine, streamVmdk, summaries } from './estate.js';

let vmdk: Buffer;
let estate: Estate;
beforeAll(() => {
  vmdk = streamVmdk();
});
beforeEach(() => {
  estate = new Estate();
});
afterEach(() => estate.remove());

describe('an OVA', () => {
  test.each([
    ['descriptor first', ['web01.ovf', 'web01.mf', 'disk1.vmdk']],
    ['manifest last', ['web01.ovf', 'disk1.vmdk', 'web01.mf']],
    ['descriptor last', ['disk1.vmdk', 'web01.mf', 'web01.ovf']],
    ['names with ./', ['./web01.ovf', './disk1.vmdk', './web01.mf']],
  ])('with the %s has its disk where it lies', async (_, members) => {
    const text = estate.writeExport(file('disk1.vmdk', `ovf:size="${vmdk.length}"`));
    estate.write('web01/disk1.vmdk', vmdk);
    const lines = [
      `SHA1(web01.ovf)= ${digest('sha1', text)}`,
      `SHA256(disk1.vmdk)= ${digest('sha256', vmdk)}`,
    ];
    estate.write('web01/web01.mf', lines.join('\n'));
    const ova = estate.tar('web01.ova', 'web01', ...members);
    const inventory = await readInventory(ova);
    expect(inventory.problems).toEqual([]);
    expect(onlyMachine(inventory)).toMatchObject({
      id: 'web01.ova',
      source: { kind: 'ova', descriptor: 'web01.ova' },
    });
    const disk = onlyDisk(inventory);
    const { capacityBytes, format } = disk;
    expect({ capacityBytes, format }).toEqual({ capacityBytes: DISK_BYTES, format: 'streamOptimized' });
    const [part] = diskParts(disk);
    if (part === undefined) throw new Error('no location');
    expect(part.expectedDigest).toEqual({ algorithm: 'sha256', hex: digest('sha256', vmdk) });
    expect(part.range.path).toBe(ova);
    const bytes = readFileSync(ova).subarray(part.range.offset, part.range.offset + part.range.length);
    expect(bytes.equals(vmdk)).toBe(true);
  });

  test('may have all its members in one folder', async () => {
    estate.writeExport(file('disk1.vmdk'));
    estate.write('web01/disk1.vmdk', vmdk);
    const inventory = await readInventory(
      estate.tar('web01.ova', '.', 'web01/web01.ovf', 'web01/disk1.vmdk'),
    );
    expect(inventory.problems).toEqual([]);
    expect(onlyDisk(inventory).location).not.toBeNull();
  });

  test('without its disk, or with a hostile reference, keeps the machine', async () => {
    estate.writeExport(file('disk1.vmdk'));
    const missing = await readInventory(estate.tar('web01.ova', 'web01', 'web01.ovf'));
    expect(summaries(missing.problems)).toEqual(['critical OVF_FILE_MISSING web01.ova/disk1.vmdk']);
    estate.writeExport(file('../secret.vmdk'));
    estate.write('secret.vmdk', vmdk);
    const ova = estate.tar('web01.ova', 'web01', '-P', 'web01.ovf', '../secret.vmdk');
    const hostile = await readInventory(ova);
    expect(onlyDisk(hostile).location).toBeNull();
    expect(summaries(hostile.problems)).toEqual(['critical OVF_UNSAFE_PATH web01.ova']);
  });
});
