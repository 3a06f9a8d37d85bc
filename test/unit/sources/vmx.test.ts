import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  diskParts,
  UNKNOWN_FEATURES,
  UNTOLD_DISK,
  UNTOLD_MACHINE,
  UNTOLD_NIC,
} from '../../../src/model/virtual-machine.js';
import { readInventory } from '../../../src/sources/index.js';
import { DISK_BYTES, Estate, onlyDisk, onlyMachine, summaries } from './estate.js';

let estate: Estate;
beforeEach(() => {
  estate = new Estate();
});
afterEach(() => estate.remove());

/** Writes `vm/vm.vmx` from settings, with memory so that nothing is missing. */
function writeVmx(settings: Readonly<Record<string, string>>): void {
  const lines = Object.entries({ memSize: '1024', ...settings }).map(([key, value]) => `${key} = "${value}"`);
  estate.write('vm/vm.vmx', `${lines.join('\n')}\n`);
}

function disks(...addresses: readonly string[]): Record<string, string> {
  for (const address of addresses) estate.writeFlat(`vm/${address.replace(':', '-')}.vmdk`);
  const settings = addresses.flatMap((address) => [
    [`${address.split(':')[0]}.present`, 'TRUE'],
    [`${address}.present`, 'TRUE'],
    [`${address}.fileName`, `${address.replace(':', '-')}.vmdk`],
  ]);
  return Object.fromEntries(settings);
}

describe('the machine of a .vmx', () => {
  test('is read whole', async () => {
    estate.write('vm/vm.nvram', 'NVRAM');
    writeVmx({
      displayName: 'Files (old)',
      annotation: 'one|0Atwo',
      guestOS: 'debian12-64',
      firmware: 'efi',
      'uefi.secureBoot.enabled': 'TRUE',
      numvcpus: '4',
      'cpuid.coresPerSocket': '2',
      'uuid.bios': '56 4d 3a 6b 1f 20 4c 7e-9b 55 d1 0c 71 e2 3d 4f',
      'scsi0.virtualDev': 'pvscsi',
      'vc.uuid': '50 2e 11 22 33 44 55 66-77 88 99 aa bb cc dd ee',
      'virtualHW.version': '19',
      'vtpm.present': 'TRUE',
      nvram: 'vm.nvram',
      ...disks('scsi0:0'),
    });
    expect(await readInventory(estate.root)).toEqual({
      machines: [
        {
          ...UNTOLD_MACHINE,
          id: 'vm/vm.vmx',
          name: 'Files (old)',
          description: 'one\ntwo',
          uuid: '564d3a6b-1f20-4c7e-9b55-d10c71e23d4f',
          instanceUuid: '502e1122-3344-5566-7788-99aabbccddee',
          guestOs: 'debian12-64',
          firmware: 'efi',
          secureBoot: true,
          cpus: 4,
          coresPerSocket: 2,
          memoryBytes: 1_073_741_824,
          disks: [
            {
              ...UNTOLD_DISK,
              capacityBytes: DISK_BYTES,
              format: 'monolithicFlat',
              file: 'scsi0-0.vmdk',
              controller: 'pvscsi',
              bus: 0,
              unit: 0,
              location: {
                kind: 'files',
                parts: [
                  {
                    range: expect.objectContaining({
                      path: path.join(estate.root, 'vm', 'scsi0-0.vmdk'),
                      offset: 0,
                    }),
                    name: 'scsi0-0.vmdk',
                    expectedDigest: null,
                  },
                ],
                compression: null,
              },
            },
          ],
          nics: [],
          virtualTpm: true,
          nvram: 'vm.nvram',
          devices: [{ kind: 'tpm', label: 'vtpm', connected: true, backing: null }],
          features: { ...UNKNOWN_FEATURES, hardwareVersion: 19 },
          settings: expect.objectContaining({ 'virtualhw.version': '19', 'scsi0.virtualdev': 'pvscsi' }),
          source: { kind: 'vmx', descriptor: 'vm/vm.vmx' },
        },
      ],
      problems: [],
    });
  });

  test('has VMware defaults for what is not said', async () => {
    estate.write('vm/minimal.vmx', 'config.version = "8"\n');
    const inventory = await readInventory(estate.root);
    expect(onlyMachine(inventory)).toMatchObject({
      name: 'minimal',
      firmware: 'bios',
      secureBoot: false,
      cpus: 1,
      coresPerSocket: 1,
      memoryBytes: 33_554_432,
    });
    expect(summaries(inventory.problems)).toEqual(['warning VMX_MALFORMED vm/minimal.vmx']);
  });

  test('that is encrypted is refused', async () => {
    writeVmx({ 'encryption.keySafe': 'vmware:key/list', 'encryption.data': 'abc' });
    const { machines, problems } = await readInventory(estate.root);
    expect(machines).toEqual([]);
    expect(summaries(problems)).toEqual(['critical VMX_UNSUPPORTED vm/vm.vmx']);
  });
});

describe('the disks of a .vmx', () => {
  test.each([
    ['scsi0:0', {}, 'lsilogic'],
    ['scsi0:0', { 'scsi0.virtualDev': 'lsisas1068' }, 'lsilogicsas'],
    ['scsi1:3', { 'scsi1.virtualDev': 'PVSCSI' }, 'pvscsi'],
    ['scsi0:0', { 'scsi0.virtualDev': 'buslogic' }, 'buslogic'],
    ['sata0:0', {}, 'ahci'],
    ['nvme0:0', {}, 'nvme'],
    ['ide0:1', {}, 'ide'],
  ])('on %s with %j are on %s', async (address, settings, controller) => {
    writeVmx({ ...disks(address), ...settings });
    const [bus, unit] = (/(\d):(\d)/.exec(address) ?? []).slice(1).map(Number);
    expect(onlyDisk(await readInventory(estate.root))).toMatchObject({ controller, bus, unit });
  });

  test('are in boot order', async () => {
    const all = ['ide0:0', 'nvme0:0', 'scsi1:0', 'scsi0:10', 'scsi0:2', 'sata0:0'];
    const order = async (settings: Readonly<Record<string, string>>): Promise<readonly string[]> => {
      writeVmx({ ...disks(...all), ...settings });
      return onlyMachine(await readInventory(estate.root)).disks.map(({ file }) => file.replace('.vmdk', ''));
    };
    const usual = ['scsi0-2', 'scsi0-10', 'scsi1-0', 'sata0-0', 'nvme0-0', 'ide0-0'];
    expect(await order({})).toEqual(usual);
    const chosen = await order({ 'bios.hddOrder': 'SATA0:0, scsi1:0' });
    expect(chosen).toEqual(['sata0-0', 'scsi1-0', 'scsi0-2', 'scsi0-10', 'nvme0-0', 'ide0-0']);
  });

  test('leave out CD-ROM drives and what is not present', async () => {
    writeVmx({
      ...disks('scsi0:0', 'scsi0:1', 'scsi2:0'),
      'scsi0:1.present': 'FALSE',
      'scsi2.present': 'FALSE',
      'ide1:0.present': 'TRUE',
      'ide1:0.deviceType': 'cdrom-image',
      'ide1:0.fileName': 'install.iso',
      'sata0:0.present': 'TRUE',
      'sata0:0.deviceType': 'atapi-cdrom',
      'sata0:0.fileName': 'auto detect',
    });
    expect(onlyDisk(await readInventory(estate.root)).file).toBe('scsi0-0.vmdk');
  });

  test.each([
    '/vmfs/volumes/5f1a/web01/scsi0-0.vmdk',
    'D:\\VMs\\web01\\scsi0-0.vmdk',
    './scsi0-0.vmdk',
  ])('named %s are found beside the .vmx', async (fileName) => {
    writeVmx({ ...disks('scsi0:0'), 'scsi0:0.fileName': fileName });
    const inventory = await readInventory(estate.root);
    expect(inventory.problems).toEqual([]);
    expect(diskParts(onlyDisk(inventory))[0]?.range.path).toBe(path.join(estate.root, 'vm', 'scsi0-0.vmdk'));
  });

  test.each([
    [{ 'scsi0:0.fileName': 'other.vmdk' }, 'OVF_FILE_MISSING vm/other.vmdk'],
    [{ 'scsi0:0.fileName': '/vmfs/volumes/x/other.vmdk' }, 'OVF_FILE_MISSING vm/other.vmdk'],
    [{ 'scsi0:0.fileName': '../secret.vmdk' }, 'OVF_UNSAFE_PATH vm/vm.vmx'],
    [{ 'scsi0:0.fileName': '..\\secret.vmdk' }, 'OVF_UNSAFE_PATH vm/vm.vmx'],
    [{ 'scsi0:0.fileName': 'link.vmdk' }, 'OVF_UNSAFE_PATH vm/vm.vmx'],
    [{ 'scsi0:0.deviceType': 'rawDisk' }, 'VMDK_UNSUPPORTED vm/vm.vmx'],
    [{ 'scsi0:0.deviceType': 'scsi-passthru-rdm' }, 'VMDK_UNSUPPORTED vm/vm.vmx'],
  ])('with %j keep their machine from being converted', async (settings, expected) => {
    writeVmx({ ...disks('scsi0:0'), ...settings });
    symlinkSync(estate.write('secret.vmdk', ''), path.join(estate.root, 'vm', 'link.vmdk'));
    const inventory = await readInventory(estate.root);
    expect(onlyDisk(inventory).location).toBeNull();
    expect(summaries(inventory.problems)).toEqual([`critical ${expected}`]);
    expect(inventory.problems[0]?.machineId).toBe('vm/vm.vmx');
  });
});

describe('the network adapters of a .vmx', () => {
  test.each([
    [{}, { network: 'bridged', mac: null, adapter: 'pcnet32' }],
    [
      { virtualDev: 'VMXNET3', networkName: 'LAN' },
      { network: 'LAN', mac: null, adapter: 'vmxnet3' },
    ],
    [
      { connectionType: 'nat', virtualDev: 'e1000' },
      { network: 'nat', mac: null, adapter: 'e1000' },
    ],
    [
      { connectionType: 'custom', vnet: 'VMnet2' },
      { network: 'VMnet2', mac: null, adapter: 'pcnet32' },
    ],
    [{ 'dvs.portgroupId': 'dvportgroup-12' }, { network: 'dvportgroup-12', mac: null, adapter: 'pcnet32' }],
    [
      { addressType: 'static', address: '00:50:56:AA:BB:CC', generatedAddress: '00:0c:29:00:00:01' },
      { network: 'bridged', mac: '00:50:56:aa:bb:cc', adapter: 'pcnet32', staticMac: true },
    ],
    [
      { addressType: 'vpx', address: '00:50:56:AA:BB:CC', generatedAddress: '00:0c:29:00:00:01' },
      { network: 'bridged', mac: '00:0c:29:00:00:01', adapter: 'pcnet32', staticMac: false },
    ],
  ])('with %j: %j', async (settings, nic) => {
    const entries = Object.entries(settings).map(([key, value]) => [`ethernet0.${key}`, value]);
    writeVmx({
      'ethernet0.present': 'TRUE',
      'ethernet1.virtualDev': 'e1000',
      ...Object.fromEntries(entries),
    });
    expect(onlyMachine(await readInventory(estate.root)).nics).toEqual([{ ...UNTOLD_NIC, ...nic }]);
  });

  test('are in the order of their numbers', async () => {
    const present = [10, 2, 0].map((number) => [`ethernet${number}.present`, 'TRUE']);
    const names = [10, 2, 0].map((number) => [`ethernet${number}.networkName`, `net${number}`]);
    writeVmx(Object.fromEntries([...present, ...names]));
    const { nics } = onlyMachine(await readInventory(estate.root));
    expect(nics.map(({ network }) => network)).toEqual(['net0', 'net2', 'net10']);
  });
});

/** Writes `vm/vm.vmx` with a disk, and its list of snapshots. */
function writeSnapshots(settings: Readonly<Record<string, string>>, memSize = '1'): void {
  writeVmx({ ...disks('scsi0:0'), memSize });
  const lines = Object.entries(settings).map(([key, value]) => `${key} = "${value}"`);
  estate.write('vm/vm.vmsd', `${lines.join('\n')}\n`);
}

describe('the snapshots of a .vmx', () => {
  test.each([
    [1_048_576, true],
    [1_048_575, false],
  ])('with a state file of %d bytes, of a machine with 1 MiB, have its memory: %j', async (bytes, withMemory) => {
    writeSnapshots({ 'snapshot0.uid': '1', 'snapshot0.filename': 'vm-Snapshot1.vmsn' });
    estate.write('vm/vm-Snapshot1.vmsn', new Uint8Array(bytes));
    const { snapshots } = onlyMachine(await readInventory(estate.root));
    expect(snapshots).toEqual([{ name: 'Snapshot 1', createdAt: null, withMemory }]);
  });

  test('are at most 1024', async () => {
    const uids = Array.from({ length: 1500 }, (_, index) => [`snapshot${index}.uid`, `${index + 1}`]);
    writeSnapshots(Object.fromEntries(uids));
    const inventory = await readInventory(estate.root);
    expect(onlyMachine(inventory).snapshots).toHaveLength(1024);
    expect(summaries(inventory.problems)).toEqual(['warning VMX_MALFORMED vm/vm.vmsd']);
  });

  test('in a list of 2 MiB are not read, and the machine is', async () => {
    writeSnapshots({ 'snapshot0.uid': '1', 'snapshot0.description': 'x'.repeat(2_097_152) });
    const inventory = await readInventory(estate.root);
    expect(onlyMachine(inventory).snapshots).toEqual([]);
    expect(summaries(inventory.problems)).toEqual(['warning VMX_MALFORMED vm/vm.vmsd']);
  });

  test('behind a link out of the folder are not read, and the machine is', async () => {
    writeVmx({});
    symlinkSync(
      estate.write('elsewhere.txt', 'snapshot0.uid = "1"'),
      path.join(estate.root, 'vm', 'vm.vmsd'),
    );
    const inventory = await readInventory(estate.root);
    expect(onlyMachine(inventory).snapshots).toEqual([]);
    expect(summaries(inventory.problems)).toEqual(['warning OVF_UNSAFE_PATH vm/vm.vmsd']);
  });
});

describe('files around a .vmx', () => {
  test('are not looked for beside the folder when the source is that folder or the file', async () => {
    estate.writeFlat('db/shared.vmdk');
    writeVmx({ 'scsi0:0.present': 'TRUE', 'scsi0:0.fileName': '/vmfs/volumes/ds1/db/shared.vmdk' });
    const folder = path.join(estate.root, 'vm');
    expect(onlyDisk(await readInventory(folder)).location).toBeNull();
    expect(onlyDisk(await readInventory(path.join(folder, 'vm.vmx'))).location).toBeNull();
    expect(diskParts(onlyDisk(await readInventory(estate.root)))[0]?.range.path).toBe(
      path.join(estate.root, 'db', 'shared.vmdk'),
    );
  });

  test('are not looked for around the place that a link leads to', async () => {
    estate.writeFlat('away/db/shared.vmdk');
    const vmx = estate.write(
      'away/vm/vm.vmx',
      'memSize = "64"\nscsi0:0.present = "TRUE"\nscsi0:0.fileName = "[ds1] db/shared.vmdk"\n',
    );
    estate.write('source/vm/readme.txt', '');
    symlinkSync(vmx, path.join(estate.root, 'source', 'vm', 'vm.vmx'));
    const inventory = await readInventory(path.join(estate.root, 'source'));
    expect(onlyDisk(inventory)).toMatchObject({ location: null, datastore: 'ds1' });
  });

  test('that hold the NVRAM and lie behind a link out of the folder are left alone', async () => {
    writeVmx({ nvram: 'vm.nvram' });
    symlinkSync(estate.write('secret', ''), path.join(estate.root, 'vm', 'vm.nvram'));
    const inventory = await readInventory(estate.root);
    expect(onlyMachine(inventory).nvram).toBeNull();
    expect(summaries(inventory.problems)).toEqual(['warning OVF_UNSAFE_PATH vm/vm.vmx']);
  });
});

test('a .vmx with more drives than any machine has is refused', async () => {
  const present = Array.from({ length: 1025 }, (_, index) => `sata${index % 10}:${Math.floor(index / 10)}`);
  writeVmx(Object.fromEntries(present.map((address) => [`${address}.present`, 'TRUE'])));
  const { machines, problems } = await readInventory(estate.root);
  expect(machines).toEqual([]);
  expect(summaries(problems)).toEqual(['critical VMX_MALFORMED vm/vm.vmx']);
});

test('the same address written in two ways is one device', async () => {
  writeVmx({
    ...disks('scsi0:0'),
    'scsi00:0.present': 'TRUE',
    'scsi0:00.present': 'TRUE',
    'serial0.present': 'TRUE',
    'serial00.present': 'TRUE',
  });
  const machine = onlyMachine(await readInventory(estate.root));
  expect(machine.disks).toHaveLength(1);
  expect(machine.devices.map(({ label }) => label)).toEqual(['serial0']);
});
