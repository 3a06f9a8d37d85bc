import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GIB, MIB } from '../../../src/model/units.js';
import { readInventory } from '../../../src/sources/index.js';
import { readRvtools } from '../../../src/sources/rvtools/read-rvtools.js';
import { failureOf } from '../../support/failure.js';
import { makeXlsx, type Sheet, type SheetCell } from '../../support/xlsx-maker.js';
import { makeZip } from '../../support/zip-maker.js';
import { Estate } from './estate.js';

let estate: Estate;
beforeEach(() => {
  estate = new Estate();
});
afterEach(() => estate.remove());

const SDK = '11111111-2222-3333-4444-555555555555';

/** A sheet from its rows by heading; cells that a row lacks stay empty. */
function sheet(name: string, ...rows: readonly Readonly<Record<string, SheetCell>>[]): Sheet {
  const headings = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return { name, rows: [headings, ...rows.map((row) => headings.map((heading) => row[heading] ?? null))] };
}

const WEB = { VM: 'web', 'VM ID': 'vm-101', 'VI SDK UUID': SDK };

const SHEETS: readonly Sheet[] = [
  sheet(
    'vInfo',
    {
      ...WEB,
      Powerstate: 'poweredOn',
      Template: false,
      'SRM Placeholder': false,
      'DNS Name': 'web.example.org',
      CPUs: 4,
      Memory: 8192,
      CBT: true,
      EnableUUID: true,
      'Primary IP Address': '192.0.2.10',
      Folder: '/Prod/Web',
      'DAS protection': true,
      'FT State': 'notConfigured',
      'In Use MiB': 30720,
      'EFI Secure boot': true,
      Firmware: 'efi',
      'HW version': 'vmx-19',
      Annotation: 'the shop',
      owner: 'sales',
      Cluster: 'c1',
      Host: 'esx1',
      'OS according to the configuration file': 'Ubuntu Linux (64-bit)',
      'SMBIOS UUID': '4210AAAA-0000-0000-0000-000000000001',
      'VM UUID': '5010AAAA-0000-0000-0000-000000000001',
    },
    { VM: 'gold', 'VM ID': 'vm-102', 'VI SDK UUID': SDK, Template: true, CPUs: 1, Memory: 512 },
    { VM: 'replica', 'VM ID': 'vm-103', 'VI SDK UUID': SDK, 'SRM Placeholder': true, CPUs: 1, Memory: 512 },
    { VM: 'VM' },
  ),
  sheet(
    'vDisk',
    {
      ...WEB,
      Disk: 'Hard disk 1',
      'Disk Key': 2000,
      'Disk Path': '[ds1] web/web.vmdk',
      'Capacity MiB': 20480,
      Raw: false,
      'Disk Mode': 'persistent',
      Thin: true,
      Controller: 'VMware paravirtual SCSI',
      Label: 'SCSI controller 0',
      'Unit #': 0,
      'Shared Bus': 'noSharing',
    },
    {
      ...WEB,
      Disk: 'Hard disk 2',
      'Disk Key': 2017,
      'Disk Path': '[ds2] web/web_1.vmdk',
      'Capacity MiB': 40960,
      Raw: true,
      'Raw Comp. Mode': 'physicalMode',
      'Disk Mode': 'independent_persistent',
      'Sharing mode': 'sharingMultiWriter',
      Controller: 'LSI Logic SAS',
      Label: 'SCSI controller 1',
      'Unit #': 1,
    },
  ),
  sheet('vNetwork', {
    ...WEB,
    Adapter: 'VirtualVmxnet3',
    Network: 'DMZ',
    Connected: false,
    'Starts Connected': true,
    'Mac Address': '00:50:56:AA:BB:CC',
    Type: 'manual',
    'IPv4 Address': '192.0.2.10, 169.254.3.3',
    'IPv6 Address': 'fe80::1, 2001:db8::5',
  }),
  sheet('vCPU', { ...WEB, CPUs: 4, 'Cores p/s': 2, Reservation: 500, 'Hot Add': true }),
  sheet('vMemory', { ...WEB, 'Size MiB': 8192, Reservation: 1024, 'Hot Add': false }),
  sheet('vPartition', { ...WEB, Disk: '/boot', 'Capacity MiB': 1000, 'Consumed MiB': 400, 'Free MiB': 600 }),
  sheet('vCD', {
    ...WEB,
    'Device Node': 'CD/DVD drive 1',
    Connected: true,
    'Device Type': 'ISO [iso] a.iso',
  }),
  sheet('vUSB', { ...WEB, 'Device Node': 'USB 1', Connected: true, 'Device Type': 'dongle' }),
  sheet(
    'vSnapshot',
    // 45292 is 1 January 2024, 25569 that of 1970.
    { ...WEB, Name: 'newer', 'Date / time': 45292.5, State: 'poweredOn' },
    { ...WEB, Name: 'older', 'Date / time': 25569, State: 'poweredOff' },
  ),
  sheet('vTools', { ...WEB, Tools: 'toolsOld' }),
  sheet('vCluster', { Name: 'c1', 'DRS enabled': true, 'DPM enabled': false, 'VI SDK UUID': SDK }),
];

async function readSheets(sheets: readonly Sheet[]) {
  return readRvtools(estate.write('list.xlsx', makeXlsx(sheets)));
}

/** The same tabs with vInfo's rows given. */
function infoOnly(...rows: readonly Readonly<Record<string, SheetCell>>[]): readonly Sheet[] {
  return [sheet('vInfo', ...rows)];
}

describe('a workbook', () => {
  test('tells everything of a machine that its tabs have', async () => {
    const { machines } = await readSheets(SHEETS);
    expect(machines.map(({ name, template, placeholder }) => [name, template, placeholder])).toEqual([
      ['web', false, false],
      ['gold', true, false],
      ['replica', false, true],
    ]);
    const [web] = machines;
    expect(web).toMatchObject({
      id: 'list.xlsx#vm-101',
      objectId: 'vm-101',
      server: SDK,
      uuid: '4210aaaa-0000-0000-0000-000000000001',
      instanceUuid: '5010aaaa-0000-0000-0000-000000000001',
      description: 'the shop',
      osDescription: 'Ubuntu Linux (64-bit)',
      powerState: 'on',
      firmware: 'efi',
      secureBoot: true,
      cpus: 4,
      coresPerSocket: 2,
      memoryBytes: 8 * GIB,
      source: { kind: 'rvtools', descriptor: 'list.xlsx' },
    });
    expect(web?.placement).toMatchObject({ cluster: 'c1', host: 'esx1', folder: 'Prod/Web' });
    expect(web?.placement.attributes).toEqual({ owner: 'sales' });
    expect(web?.guest).toMatchObject({
      hostName: 'web.example.org',
      addresses: ['192.0.2.10', '2001:db8::5'],
      tools: 'outdated',
      volumes: [{ path: '/boot', capacityBytes: 1000 * MIB, freeBytes: 600 * MIB }],
    });
    expect(web?.features).toMatchObject({
      changeTracking: true,
      diskUuids: true,
      highAvailability: true,
      faultTolerance: false,
      cpuHotAdd: true,
      memoryHotAdd: false,
      cpuReservationMhz: 500,
      memoryReservationBytes: GIB,
      drs: true,
      dpm: false,
      hardwareVersion: 19,
    });
    expect(web?.devices).toMatchObject([
      { kind: 'cdrom', connected: true, backing: '[iso] a.iso' },
      { kind: 'usb', connected: true, backing: 'dongle' },
    ]);
    expect(web?.snapshots).toEqual([
      { name: 'older', createdAt: '1970-01-01T00:00:00', withMemory: false },
      { name: 'newer', createdAt: '2024-01-01T12:00:00', withMemory: true },
    ]);
  });

  test('tells disks and network cards', async () => {
    const [web] = (await readSheets(SHEETS)).machines;
    expect(web?.disks).toMatchObject([
      {
        capacityBytes: 20 * GIB,
        usedBytes: 20 * GIB,
        location: null,
        file: '[ds1] web/web.vmdk',
        datastore: 'ds1',
        controller: 'pvscsi',
        bus: 0,
        unit: 0,
        thin: true,
        rawDevice: null,
        shared: false,
        key: '2000',
      },
      {
        capacityBytes: 40 * GIB,
        usedBytes: null,
        datastore: 'ds2',
        controller: 'lsilogicsas',
        bus: 1,
        unit: 1,
        mode: 'independent_persistent',
        rawDevice: 'physical',
        shared: true,
        thin: null,
      },
    ]);
    expect(web?.nics).toEqual([
      {
        network: 'DMZ',
        mac: '00:50:56:aa:bb:cc',
        adapter: 'vmxnet3',
        connected: true,
        staticMac: true,
        addresses: ['192.0.2.10', '2001:db8::5'],
      },
    ]);
  });

  test('tells the same in whatever order its columns stand', async () => {
    const straight = await readSheets(SHEETS);
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), async (numbers) => {
        const shuffled = SHEETS.map(({ name, rows }) => {
          const order = (rows[0] ?? []).map((_, index) => ({ index, rank: numbers.next().value ?? 0 }));
          order.sort((a, b) => a.rank - b.rank);
          return { name, rows: rows.map((row) => order.map(({ index }) => row[index] ?? null)) };
        });
        expect((await readSheets(shuffled)).machines).toEqual(straight.machines);
      }),
      { numRuns: 20 },
    );
  });

  test('is a source of the inventory', async () => {
    const { machines } = await readInventory(estate.write('list.XLSX', makeXlsx(SHEETS)));
    expect(machines.map(({ name }) => name)).toEqual(['web', 'gold', 'replica']);
  });
});

describe('disks', () => {
  const disk = (key: number, more: Readonly<Record<string, SheetCell>>) => {
    return { VM: 'a', 'Disk Key': key, 'Disk Path': `[ds] a/${key}.vmdk`, 'Capacity MiB': 1024, ...more };
  };

  test('stand in the order in which firmware looks for a system, whatever the order of their rows', async () => {
    const [machine] = (
      await readSheets([
        sheet('vInfo', { VM: 'a', CPUs: 1, Memory: 1 }),
        sheet(
          'vDisk',
          disk(3000, { Controller: 'IDE 0' }),
          disk(16_000, { Controller: 'SATA controller 0' }),
          // Unit 3 of the second SCSI controller, which only the key tells.
          disk(2019, { Controller: 'VMware paravirtual SCSI' }),
          disk(2001, { Controller: 'LSI Logic SAS' }),
          disk(2000, { Controller: 'LSI Logic SAS' }),
        ),
      ])
    ).machines;
    expect(machine?.disks.map(({ key, controller, bus, unit }) => [key, controller, bus, unit])).toEqual([
      ['2000', 'lsilogicsas', 0, 0],
      ['2001', 'lsilogicsas', 0, 1],
      ['2019', 'pvscsi', 1, 3],
      ['16000', 'ahci', 0, 0],
      ['3000', 'ide', 0, 0],
    ]);
  });

  test('hold what their partitions hold where these name their disk', async () => {
    const [machine] = (
      await readSheets([
        sheet('vInfo', { VM: 'a', CPUs: 1, Memory: 1, 'In Use MiB': 2048 }),
        sheet('vDisk', disk(2000, {}), disk(2001, {})),
        sheet(
          'vPartition',
          { VM: 'a', 'Disk Key': 2000, Disk: 'C:\\', 'Capacity MiB': 500, 'Consumed MiB': 300 },
          { VM: 'a', 'Disk Key': 2000, Disk: 'D:\\', 'Capacity MiB': 500, 'Consumed MiB': 50 },
        ),
      ])
    ).machines;
    expect(machine?.disks.map(({ usedBytes }) => usedBytes)).toEqual([350 * MIB, 1024 * MIB]);
    expect(machine?.guest.volumes[0]).toEqual({
      path: 'C:\\',
      capacityBytes: 500 * MIB,
      freeBytes: 200 * MIB,
    });
  });
});

test('hosts and datastores are facts beside the machines', async () => {
  const { facts } = await readSheets([
    sheet('vInfo', { VM: 'a', CPUs: 1, Memory: 1 }),
    sheet('vHost', {
      Host: 'esx1',
      '# CPU': 2,
      '# Cores': 32,
      '# Memory': 524_288,
      'in Maintenance Mode': 'True',
    }),
    sheet('vDatastore', { Name: 'ds1', Type: 'VMFS', 'Capacity MiB': 2048, 'Free MiB': 1024 }),
  ]);
  expect(facts).toMatchObject({
    hosts: [{ name: 'esx1', cpus: 2, cores: 32, memoryBytes: 512 * GIB, inMaintenance: true }],
    datastores: [{ name: 'ds1', type: 'VMFS', capacityBytes: 2 * GIB, freeBytes: GIB }],
  });
});

test('an attribute that is called tags gives the tags', async () => {
  const [machine] = (
    await readSheets(infoOnly({ VM: 'a', CPUs: 1, Memory: 1, 'vm-tags': 'gold, env/prod;gold' }))
  ).machines;
  expect(machine?.placement.tags).toEqual(['gold', 'env/prod']);
});

describe('what exports lack or repeat', () => {
  test('rows that repeat the heading or add up are no machines; a machine called so is one', async () => {
    const row = { Powerstate: 'poweredOff', CPUs: 1, Memory: 1 };
    const { machines } = await readSheets(
      infoOnly(
        { VM: 'VM', ...row },
        { VM: 'VM', Powerstate: 'Powerstate', CPUs: 'CPUs', Memory: 'Memory' },
        { VM: 'VM', CPUs: 12, Memory: 3 },
        { VM: 'Total', CPUs: 12, Memory: 3 },
      ),
    );
    expect(machines.map(({ name, powerState }) => [name, powerState])).toEqual([['VM', 'off']]);
  });

  test('missing tabs and columns are told, and the machine is read without them', async () => {
    const { machines, problems } = await readSheets(
      infoOnly({ VM: 'old', CPUs: 2, Memory: 1024, 'Network #1': 'LAN' }),
    );
    expect(machines).toMatchObject([
      { id: 'list.xlsx#old', cpus: 2, disks: [], nics: [{ network: 'LAN', mac: null }] },
    ]);
    const told = problems.map(({ code, message, machineId }) => `${code} ${machineId} ${message}`);
    expect(told).toContain('RVTOOLS_INCOMPLETE null the tab vDisk is missing');
    expect(told).toContain('RVTOOLS_INCOMPLETE null tab vInfo has no column "Firmware"');
  });

  test('machines of the same name keep their own disks by id, and a row listed twice counts once', async () => {
    const one = { VM: 'twin', 'VM ID': 'vm-1', 'VI SDK UUID': 'a', CPUs: 1, Memory: 1 };
    const two = { ...one, 'VI SDK UUID': 'b' };
    const { machines, problems } = await readSheets([
      sheet('vInfo', one, two, one),
      sheet(
        'vDisk',
        { VM: 'twin', 'VM ID': 'vm-1', 'VI SDK UUID': 'b', 'Capacity MiB': 2 },
        { VM: 'twin', 'VM ID': 'vm-1', 'VI SDK UUID': 'a', 'Capacity MiB': 1 },
      ),
    ]);
    expect(machines.map(({ id, disks }) => [id, disks.map((disk) => disk.capacityBytes)])).toEqual([
      ['list.xlsx#vm-1@a', [MIB]],
      ['list.xlsx#vm-1@b', [2 * MIB]],
    ]);
    expect(problems.map(({ message }) => message)).toContain(
      'tab vInfo: 1 rows repeat a machine and were left out',
    );
  });

  test('a disk that could be of two machines is given to neither, and told', async () => {
    const { machines, problems } = await readSheets([
      sheet('vInfo', { VM: 'twin', CPUs: 1, Memory: 1 }, { VM: 'twin', CPUs: 2, Memory: 1 }),
      sheet('vDisk', { VM: 'twin', 'Capacity MiB': 2 }),
    ]);
    expect(machines.map(({ id, disks }) => [id, disks])).toEqual([
      ['list.xlsx#twin', []],
      ['list.xlsx#twin~2', []],
    ]);
    expect(problems.some(({ message }) => /several machines/.test(message))).toBe(true);
  });

  test.each([
    'Capacity MB',
    'Capacity MiB',
    'capacity (MB)',
    'Capacity',
  ])('%s counts MiB', async (heading) => {
    const { machines } = await readSheets([
      sheet('vInfo', { VM: 'a', CPUs: 1, Memory: 1 }),
      sheet('vDisk', { VM: 'a', [heading]: 10 }),
    ]);
    expect(machines[0]?.disks[0]?.capacityBytes).toBe(10 * MIB);
  });

  test('cells that make no sense are told once a column', async () => {
    const rows = ['many', 'lots', 2].map((CPUs, index) => ({ VM: `m${index}`, CPUs, Memory: 1 }));
    const { machines, problems } = await readSheets(infoOnly(...rows));
    expect(machines.map(({ cpus }) => cpus)).toEqual([1, 1, 2]);
    expect(problems.filter(({ message }) => /"CPUs": 2 values/.test(message))).toHaveLength(1);
  });
});

describe('a folder of CSV files', () => {
  const INFO =
    'VM;Powerstate;CPUs;Memory MB;In Use MB;Annotation\r\nweb;poweredOn;2;4.096;1.536,5;"a;b\nc"\r\n';

  test('with semicolons and decimal commas is read', async () => {
    estate.write('RVTools_tabvInfo.csv', INFO);
    estate.write('RVTools_tabvDisk.csv', 'VM;Disk;Capacity MB;Thin\r\nweb;Hard disk 1;10.240;Wahr\r\n');
    const { machines } = await readInventory(estate.root);
    expect(machines).toMatchObject([
      {
        id: 'RVTools_tabvInfo.csv#web',
        description: 'a;b\nc',
        memoryBytes: 4 * GIB,
        disks: [{ capacityBytes: 10 * GIB, usedBytes: 1536.5 * MIB, thin: true }],
      },
    ]);
  });

  test.each([
    ['UTF-8 with a mark', Buffer.from(`\ufeff${INFO.replace('web', 'wéb')}`, 'utf8')],
    ['UTF-16LE', Buffer.from(`\ufeff${INFO.replace('web', 'wéb')}`, 'utf16le')],
  ])('in %s is read', async (_, bytes) => {
    estate.write('vInfo.csv', bytes);
    expect((await readRvtools(estate.root)).machines).toMatchObject([{ name: 'wéb', cpus: 2 }]);
  });

  test('in the encoding of old Windows, under the line that names the delimiter, is read', async () => {
    const text = `sep=;\r\n${INFO.replace('web', 'büro')}`;
    estate.write('vInfo.csv', Buffer.from(text, 'latin1'));
    expect((await readRvtools(estate.root)).machines).toMatchObject([{ name: 'büro', cpus: 2 }]);
  });

  test('may hold several exports, told apart by what stands before the tab', async () => {
    for (const [site, size] of [
      ['north', 1],
      ['south', 2],
    ] as const) {
      estate.write(`${site}_RVTools_tabvInfo.csv`, `VM,VM ID,CPUs,Memory\nweb,vm-1,1,1\n`);
      estate.write(`${site}_RVTools_tabvDisk.csv`, `VM,VM ID,Capacity MiB\nweb,vm-1,${size}\n`);
    }
    const { machines } = await readRvtools(estate.root);
    expect(machines.map(({ id, disks }) => [id, disks.map((disk) => disk.capacityBytes)])).toEqual([
      ['north_RVTools_tabvInfo.csv#vm-1', [MIB]],
      ['south_RVTools_tabvInfo.csv#vm-1', [2 * MIB]],
    ]);
  });

  test('whose quote never ends is refused', async () => {
    estate.write('vInfo.csv', `VM,CPUs\n"${'x'.repeat(3 * MIB)}`);
    expect((await failureOf(readRvtools(estate.root))).code).toBe('RVTOOLS_MALFORMED');
  });
});

describe('a hostile workbook is refused', () => {
  const parts = (sharedStrings: string | Uint8Array) => [
    {
      name: 'xl/workbook.xml',
      content: '<workbook xmlns:r="r"><sheets><sheet name="vInfo" r:id="a"/></sheets></workbook>',
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      content: '<Relationships><Relationship Id="a" Target="worksheets/sheet1.xml"/></Relationships>',
    },
    { name: 'xl/sharedStrings.xml', content: sharedStrings },
  ];

  test('when it is a zip bomb, before it is unpacked', async () => {
    const file = estate.write('bomb.xlsx', makeZip(parts(new Uint8Array(64 * MIB))));
    const before = process.cpuUsage();
    expect((await failureOf(readRvtools(file))).code).toBe('RVTOOLS_TOO_LARGE');
    expect(process.cpuUsage(before).user).toBeLessThan(500_000);
  });

  test('when it defines entities', async () => {
    const xml = '<!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><sst><si><t>&b;</t></si></sst>';
    const file = estate.write('entity.xlsx', makeZip(parts(xml)));
    expect(await failureOf(readRvtools(file))).toMatchObject({
      code: 'RVTOOLS_MALFORMED',
      message: expect.stringContaining('DOCTYPE'),
    });
  });

  test.each([
    ['no zip', Buffer.from('VM,CPUs\n')],
    ['a workbook without vInfo', makeXlsx([{ name: 'Sheet1', rows: [['a']] }])],
    ['a workbook cut off', makeXlsx(SHEETS).subarray(0, 4000)],
  ])('when it is %s, as a problem of the inventory', async (_, bytes) => {
    const file = estate.write('odd.xlsx', bytes);
    const { machines, problems } = await readInventory(file);
    expect(machines).toEqual([]);
    expect(problems).toMatchObject([
      { severity: 'critical', code: 'RVTOOLS_MALFORMED', file: path.basename(file), machineId: null },
    ]);
  });
});
