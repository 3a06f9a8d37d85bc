import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
    estate.writeFlat('vm/scsi0-0.vmdk');
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
      ...disks('scsi0:0'),
    });
    expect(await readInventory(estate.root)).toEqual({
      machines: [
        {
          id: 'vm/vm.vmx',
          name: 'Files (old)',
          description: 'one\ntwo',
          uuid: '564d3a6b-1f20-4c7e-9b55-d10c71e23d4f',
          guestOs: 'debian12-64',
          firmware: 'efi',
          secureBoot: true,
          cpus: 4,
          coresPerSocket: 2,
          memoryBytes: 1_073_741_824,
          disks: [
            {
              capacityBytes: DISK_BYTES,
              format: 'monolithicFlat',
              file: 'scsi0-0.vmdk',
              controller: 'pvscsi',
              bus: 0,
              unit: 0,
              location: {
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
          startOrder: null,
          startDelaySeconds: 0,
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
    expect(onlyDisk(inventory).location?.parts[0]?.range.path).toBe(
      path.join(estate.root, 'vm', 'scsi0-0.vmdk'),
    );
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
      { network: 'bridged', mac: '00:50:56:aa:bb:cc', adapter: 'pcnet32' },
    ],
    [
      { addressType: 'vpx', address: '00:50:56:AA:BB:CC', generatedAddress: '00:0c:29:00:00:01' },
      { network: 'bridged', mac: '00:0c:29:00:00:01', adapter: 'pcnet32' },
    ],
  ])('with %j: %j', async (settings, nic) => {
    const entries = Object.entries(settings).map(([key, value]) => [`ethernet0.${key}`, value]);
    writeVmx({
      'ethernet0.present': 'TRUE',
      'ethernet1.virtualDev': 'e1000',
      ...Object.fromEntries(entries),
    });
    expect(onlyMachine(await readInventory(estate.root)).nics).toEqual([nic]);
  });

  test('are in the order of their numbers', async () => {
    const present = [10, 2, 0].map((number) => [`ethernet${number}.present`, 'TRUE']);
    const names = [10, 2, 0].map((number) => [`ethernet${number}.networkName`, `net${number}`]);
    writeVmx(Object.fromEntries([...present, ...names]));
    const { nics } = onlyMachine(await readInventory(estate.root));
    expect(nics.map(({ network }) => network)).toEqual(['net0', 'net2', 'net10']);
  });
});
