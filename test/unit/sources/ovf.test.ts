import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { diskParts, UNTOLD_DISK, UNTOLD_MACHINE, UNTOLD_NIC } from '../../../src/model/virtual-machine.js';
import { readInventory } from '../../../src/sources/index.js';
import { buildOvf, CPU, disk, ITEMS, item, MEMORY, system } from '../ovf-parser/build-ovf.js';
import {
  CAPACITY,
  DISK_BYTES,
  DISKS,
  digest,
  Estate,
  file,
  onlyDisk,
  streamVmdk,
  summaries,
} from './estate.js';

let vmdk: Buffer;
let estate: Estate;
beforeAll(() => {
  vmdk = streamVmdk();
});
beforeEach(() => {
  estate = new Estate();
});
afterEach(() => estate.remove());

describe('an OVF folder', () => {
  test('gives its machine with the disk located and its digest attached', async () => {
    const sections = `<OperatingSystemSection ovf:id="96" vmw:osType="debian12_64Guest"><Info/></OperatingSystemSection>
      <AnnotationSection><Info/><Annotation>Shop front</Annotation></AnnotationSection>`;
    const text = buildOvf({ files: file('disk1.vmdk', `ovf:size="${vmdk.length}"`), disks: DISKS, sections });
    estate.write('web01/web01.ovf', text);
    const diskPath = estate.write('web01/disk1.vmdk', vmdk);
    const manifest = [
      `SHA256(web01.ovf)= ${digest('sha256', text)}`,
      `SHA1(disk1.vmdk)= ${digest('sha1', vmdk)}`,
    ];
    estate.write('web01/web01.mf', `${manifest.join('\r\n')}\r\n`);
    expect(await readInventory(estate.root)).toEqual({
      machines: [
        {
          ...UNTOLD_MACHINE,
          id: 'web01/web01.ovf',
          name: 'web01',
          description: 'Shop front',
          uuid: null,
          guestOs: 'debian12_64Guest',
          cimOs: 96,
          firmware: 'bios',
          secureBoot: false,
          cpus: 2,
          coresPerSocket: 1,
          memoryBytes: 536_870_912,
          disks: [
            {
              ...UNTOLD_DISK,
              capacityBytes: DISK_BYTES,
              format: 'streamOptimized',
              file: 'disk1.vmdk',
              controller: 'pvscsi',
              bus: 0,
              unit: 0,
              location: {
                kind: 'files',
                parts: [
                  {
                    range: { path: diskPath, offset: 0, length: vmdk.length },
                    name: 'disk1.vmdk',
                    expectedDigest: { algorithm: 'sha1', hex: digest('sha1', vmdk) },
                  },
                ],
                compression: null,
              },
            },
          ],
          nics: [{ ...UNTOLD_NIC, network: 'VM Network', mac: null, adapter: 'vmxnet3' }],
          startOrder: null,
          startDelaySeconds: 0,
          source: { kind: 'ovf', descriptor: 'web01/web01.ovf' },
        },
      ],
      problems: [],
    });
  });

  test('may hold its disk under the written or the decoded name', async () => {
    estate.writeExport(file('web%2001.vmdk'));
    const decoded = estate.write('web01/web 01.vmdk', vmdk);
    expect(diskParts(onlyDisk(await readInventory(estate.root)))[0]?.range.path).toBe(decoded);
    const written = estate.write('web01/web%2001.vmdk', vmdk);
    expect(diskParts(onlyDisk(await readInventory(estate.root)))[0]?.range.path).toBe(written);
  });

  test.each([
    ['../secret.vmdk', 'OVF_UNSAFE_PATH'],
    ['/etc/passwd', 'OVF_UNSAFE_PATH'],
    ['file:///etc/passwd', 'OVF_UNSAFE_PATH'],
    ['link.vmdk', 'OVF_UNSAFE_PATH'],
    ['linked/secret.vmdk', 'OVF_UNSAFE_PATH'],
  ])('cannot lead to %s', async (href, code) => {
    const secret = estate.write('secret.vmdk', vmdk);
    const text = estate.writeExport(file(href));
    symlinkSync(secret, path.join(estate.root, 'web01', 'link.vmdk'));
    symlinkSync(estate.root, path.join(estate.root, 'web01', 'linked'));
    const inventory = await readInventory(estate.root);
    expect(onlyDisk(inventory)).toMatchObject({ file: href, location: null });
    const line = text.split('\n').findIndex((content) => content.includes('<File')) + 1;
    const machineId = 'web01/web01.ovf';
    expect(inventory.problems).toMatchObject([
      { severity: 'critical', code, line, machineId, file: machineId },
    ]);
  });

  test('may hold a link that stays inside', async () => {
    estate.writeExport(file('link.vmdk'));
    estate.write('web01/disk1.vmdk', vmdk);
    symlinkSync('disk1.vmdk', path.join(estate.root, 'web01', 'link.vmdk'));
    expect((await readInventory(estate.root)).problems).toEqual([]);
  });

  test('without its disk keeps the machine, with a critical problem', async () => {
    estate.writeExport(file('disk1.vmdk'));
    const inventory = await readInventory(estate.root);
    expect(onlyDisk(inventory)).toMatchObject({ location: null, capacityBytes: DISK_BYTES });
    expect(summaries(inventory.problems)).toEqual(['critical OVF_FILE_MISSING web01/disk1.vmdk']);
  });

  test.each([
    ['smaller', 1, 'critical'],
    ['larger', -1, 'warning'],
  ])('with a %s file than it says is told', async (_, difference, severity) => {
    estate.writeExport(file('disk1.vmdk', `ovf:size="${vmdk.length + difference}"`));
    estate.write('web01/disk1.vmdk', vmdk);
    const { problems } = await readInventory(estate.root);
    expect(summaries(problems)).toEqual([`${severity} OVF_FILE_SIZE web01/disk1.vmdk`]);
  });

  test('with another capacity than the disk has takes that of the disk', async () => {
    estate.writeExport(file('disk1.vmdk'), disk('vmdisk1', 'file1', 'ovf:capacity="2097152"'));
    estate.write('web01/disk1.vmdk', vmdk);
    const inventory = await readInventory(estate.root);
    expect(onlyDisk(inventory).capacityBytes).toBe(DISK_BYTES);
    expect(summaries(inventory.problems)).toEqual(['warning OVF_MALFORMED web01/disk1.vmdk']);
  });

  test('with a disk that is none keeps the machine and what the descriptor says', async () => {
    estate.writeExport(file('disk1.vmdk'));
    estate.write('web01/disk1.vmdk', 'this is no disk at all'.repeat(100));
    const inventory = await readInventory(estate.root);
    expect(onlyDisk(inventory)).toMatchObject({ format: 'streamOptimized', capacityBytes: DISK_BYTES });
    expect(inventory.problems).toMatchObject([{ severity: 'critical', machineId: 'web01/web01.ovf' }]);
    expect(inventory.problems[0]?.code).toMatch(/^VMDK_/);
  });

  test.each([
    ['another compression', file('disk1.vmdk', 'ovf:compression="bzip2"'), DISKS, 'web01/web01.ovf'],
    [
      'a delta',
      file('disk1.vmdk'),
      disk('vmdisk1', 'file1', `${CAPACITY} ovf:parentRef="b"`),
      'web01/web01.ovf',
    ],
    ['an empty disk', file('x'), `<Disk ovf:diskId="vmdisk1" ${CAPACITY}/>`, 'web01/web01.ovf'],
  ])('with %s is not converted yet', async (_, files, disks, about) => {
    estate.writeExport(files, disks);
    estate.write('web01/disk1.vmdk', gzipSync(vmdk));
    const inventory = await readInventory(estate.root);
    expect(onlyDisk(inventory)).toMatchObject({ location: null, capacityBytes: DISK_BYTES });
    expect(summaries(inventory.problems)).toEqual([`critical OVF_UNSUPPORTED ${about}`]);
  });

  test.each([
    ['declared', 'ovf:compression="gzip"', []],
    ['not declared', '', ['warning OVF_MALFORMED web01/disk1.vmdk']],
  ])('with a disk compressed with gzip, %s, knows that it must be unpacked', async (_, attribute, told) => {
    estate.writeExport(file('disk1.vmdk', attribute));
    const packed = gzipSync(vmdk);
    const diskPath = estate.write('web01/disk1.vmdk', packed);
    const inventory = await readInventory(estate.root);
    expect(onlyDisk(inventory)).toMatchObject({
      capacityBytes: DISK_BYTES,
      location: {
        compression: 'gzip',
        kind: 'files',
        parts: [{ range: { path: diskPath, offset: 0, length: packed.length } }],
      },
    });
    expect(summaries(inventory.problems)).toEqual(told);
  });

  test('with a disk in chunks reads them in their order, each with its own digest', async () => {
    estate.writeExport(file('disk1.vmdk', `ovf:chunkSize="1024" ovf:size="${vmdk.length}"`));
    const chunks = Array.from({ length: Math.ceil(vmdk.length / 1024) }, (_, index) => {
      const name = `disk1.vmdk.${String(index).padStart(9, '0')}`;
      const bytes = vmdk.subarray(index * 1024, (index + 1) * 1024);
      estate.write(`web01/${name}`, bytes);
      return { name, bytes };
    });
    const lines = chunks.map(({ name, bytes }) => `SHA256(${name})= ${digest('sha256', bytes)}`);
    estate.write('web01/web01.mf', lines.join('\n'));
    const inventory = await readInventory(estate.root);
    expect(inventory.problems).toEqual([]);
    const disk = onlyDisk(inventory);
    expect(disk.format).toBe('streamOptimized');
    expect(diskParts(disk).map(({ name, expectedDigest }) => [name, expectedDigest?.hex])).toEqual(
      chunks.map(({ name, bytes }) => [name, digest('sha256', bytes)]),
    );
  });

  test('with a chunk missing in the middle is told by the size', async () => {
    estate.writeExport(file('disk1.vmdk', `ovf:chunkSize="1024" ovf:size="${vmdk.length}"`));
    estate.write('web01/disk1.vmdk.000000000', vmdk.subarray(0, 1024));
    estate.write('web01/disk1.vmdk.000000002', vmdk.subarray(2048));
    const { problems } = await readInventory(estate.root);
    expect(summaries(problems)).toEqual(['critical OVF_FILE_SIZE web01/disk1.vmdk']);
  });

  test('that says gzip of a plain file is read as it is', async () => {
    estate.writeExport(file('disk1.vmdk', 'ovf:compression="gzip"'));
    estate.write('web01/disk1.vmdk', vmdk);
    const inventory = await readInventory(estate.root);
    expect(onlyDisk(inventory).location).not.toBeNull();
    expect(summaries(inventory.problems)).toEqual(['warning OVF_MALFORMED web01/disk1.vmdk']);
  });

  test('gives what the parser survived with line and machine', async () => {
    const items = [...ITEMS, item({ InstanceID: 9, ResourceType: 'seventeen' })];
    estate.write('web01.ovf', buildOvf({ files: file('disk1.vmdk'), disks: DISKS, items }));
    estate.write('disk1.vmdk', vmdk);
    const { problems } = await readInventory(estate.root);
    expect(problems).toMatchObject([{ severity: 'warning', code: 'OVF_MALFORMED', machineId: 'web01.ovf' }]);
    expect(problems[0]?.line).toBeGreaterThan(1);
  });
});

describe('a manifest', () => {
  test.each([
    ['that is right', (text: string) => `SHA1(web01.ovf)= ${digest('sha1', text)}`, []],
    [
      'of another descriptor',
      () => `SHA1(web01.ovf)= ${digest('sha1', '')}`,
      ['critical MANIFEST_MISMATCH web01/web01.ovf'],
    ],
    ['that is no manifest', () => 'hello', ['critical MANIFEST_MALFORMED web01/web01.ovf']],
  ])('%s', async (_, manifest, expected) => {
    const text = estate.writeExport(file('disk1.vmdk'));
    estate.write('web01/disk1.vmdk', vmdk);
    estate.write('web01/web01.mf', manifest(text));
    const { machines, problems } = await readInventory(estate.root);
    expect(machines).toHaveLength(1);
    expect(summaries(problems)).toEqual(expected);
    expect(problems.every(({ machineId }) => machineId === 'web01/web01.ovf')).toBe(true);
  });
});

test('a manifest of another descriptor keeps every machine of a vApp from being converted', async () => {
  const systems = ['db', 'web'].map((name) => system(name, [CPU, MEMORY])).join('');
  estate.write('shop.ovf', buildOvf({ files: '', disks: '', systems }));
  estate.write('shop.mf', `SHA1(shop.ovf)= ${digest('sha1', '')}`);
  const { problems } = await readInventory(estate.root);
  expect(problems.map(({ code, machineId }) => [code, machineId])).toEqual([
    ['MANIFEST_MISMATCH', 'shop.ovf#db'],
    ['MANIFEST_MISMATCH', 'shop.ovf#web'],
  ]);
});
