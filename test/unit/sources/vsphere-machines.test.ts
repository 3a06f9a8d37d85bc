import { describe, expect, it } from 'vitest';
import type { VirtualMachine } from '../../../src/model/virtual-machine.js';
import {
  type BuiltMachine,
  buildMachine,
  type MachineSurroundings,
} from '../../../src/sources/vsphere/build-machine.js';
import { Estate } from '../../../src/sources/vsphere/estate.js';
import { vappShares } from '../../../src/sources/vsphere/vapps.js';
import type { RetrievedObject, VimValue } from '../../../src/vsphere/index.js';

const SERVER = {
  url: 'https://vcenter.example',
  user: 'reader@vsphere.local',
  password: { environment: 'PASSWORD' },
  tlsFingerprints: [],
};

const ref = (type: string, value: string) => ({ type, value });

/** Berlin/DC 1 with a cluster of one host, a folder in a folder, a pool in a pool and a datastore. */
const NODES: readonly RetrievedObject[] = [
  node('Folder', 'group-d1', { name: 'Datacenters' }),
  node('Folder', 'group-d2', { name: 'Berlin', parent: ref('Folder', 'group-d1') }),
  node('Datacenter', 'datacenter-3', { name: 'DC 1', parent: ref('Folder', 'group-d2') }),
  node('Folder', 'group-v4', { name: 'vm', parent: ref('Datacenter', 'datacenter-3') }),
  node('Folder', 'group-v5', { name: 'Shop', parent: ref('Folder', 'group-v4') }),
  node('Folder', 'group-v6', { name: 'Web%2fFront', parent: ref('Folder', 'group-v5') }),
  node('Folder', 'group-h7', { name: 'host', parent: ref('Datacenter', 'datacenter-3') }),
  node('ClusterComputeResource', 'domain-c8', {
    name: 'Gold',
    parent: ref('Folder', 'group-h7'),
    configurationEx: {
      _type: 'ClusterConfigInfoEx',
      dasConfig: { enabled: 'true', defaultVmSettings: { restartPriority: 'medium' } },
      dasVmConfig: { key: ref('VirtualMachine', 'vm-2'), dasSettings: { restartPriority: 'disabled' } },
      drsConfig: { enabled: 'true' },
      drsVmConfig: { key: ref('VirtualMachine', 'vm-2'), enabled: 'false' },
      dpmConfigInfo: { enabled: 'false' },
      rule: [
        { _type: 'ClusterVmHostRuleInfo', enabled: 'true', vmGroupName: 'licensed' },
        { _type: 'ClusterAntiAffinityRuleSpec', enabled: 'false', vm: ref('VirtualMachine', 'vm-3') },
      ],
      group: { _type: 'ClusterVmGroup', name: 'licensed', vm: ref('VirtualMachine', 'vm-1') },
    },
  }),
  node('HostSystem', 'host-9', { name: 'esx1', parent: ref('ClusterComputeResource', 'domain-c8') }),
  node('ResourcePool', 'resgroup-10', {
    name: 'Resources',
    parent: ref('ClusterComputeResource', 'domain-c8'),
  }),
  node('ResourcePool', 'resgroup-11', { name: 'Prod', parent: ref('ResourcePool', 'resgroup-10') }),
  node('Datastore', 'datastore-12', { name: 'ssd [1]' }),
  node('DistributedVirtualPortgroup', 'dvportgroup-13', { name: 'VLAN 12', key: 'dvportgroup-13' }),
];

function node(type: string, value: string, properties: Record<string, VimValue>): RetrievedObject {
  return { ref: ref(type, value), properties, missing: [] };
}

const ATTRIBUTES = new Map([['101', 'owner']]);

function surroundings(changes: Partial<MachineSurroundings> = {}): MachineSurroundings {
  return {
    server: SERVER,
    serverId: 'f0000000-0000-0000-0000-000000000001',
    estate: Estate.of(NODES, ATTRIBUTES, []),
    vapps: new Map(),
    tags: new Map(),
    ...changes,
  };
}

function built(properties: Record<string, VimValue>, id = 'vm-1', changes = {}): BuiltMachine {
  return buildMachine(
    { ref: ref('VirtualMachine', id), properties: { name: 'web', ...properties }, missing: [] },
    surroundings(changes),
  );
}

function machine(properties: Record<string, VimValue>, id?: string, changes = {}): VirtualMachine {
  return built(properties, id, changes).machine;
}

type DeviceFields = Record<string, VimValue | VimValue[]>;

function withDevices(...devices: readonly DeviceFields[]): Record<string, VimValue> {
  return {
    parent: ref('Folder', 'group-v6'),
    'config.hardware.device': { _type: 'ArrayOfVirtualDevice', VirtualDevice: devices },
  };
}

function device(type: string, key: number, fields: DeviceFields = {}): DeviceFields {
  return { _type: type, key: `${key}`, deviceInfo: { label: `${type} ${key}` }, ...fields };
}

const SCSI = device('ParaVirtualSCSIController', 1000, { busNumber: '0', sharedBus: 'noSharing' });

function disk(key: number, backing: DeviceFields, fields: DeviceFields = {}): DeviceFields {
  return device('VirtualDisk', key, {
    controllerKey: '1000',
    unitNumber: `${key - 2000}`,
    capacityInKB: '1048576',
    backing: {
      _type: 'VirtualDiskFlatVer2BackingInfo',
      fileName: `[ssd [1]] web/web_${key}.vmdk`,
      datastore: ref('Datastore', 'datastore-12'),
      diskMode: 'persistent',
      ...backing,
    },
    ...fields,
  });
}

describe('the disks of a machine in vSphere', () => {
  it('lie where the topmost file of the chain is', () => {
    const parent = { fileName: '[ssd [1]] web/web.vmdk' };
    const [one] = machine(withDevices(SCSI, disk(2000, { parent, thinProvisioned: 'true' }))).disks;
    expect(one).toMatchObject({
      capacityBytes: 2 ** 30,
      format: 'vmfsSparse',
      controller: 'pvscsi',
      thin: true,
      datastore: 'ssd [1]',
      key: '2000',
      location: {
        kind: 'datastore',
        server: SERVER,
        datacenter: 'Berlin/DC 1',
        datastore: 'ssd [1]',
        path: 'web/web_2000.vmdk',
      },
    });
  });

  it('count in bytes where those are told', () => {
    const [one] = machine(withDevices(SCSI, disk(2000, {}, { capacityInBytes: '1073742336' }))).disks;
    expect(one?.capacityBytes).toBe(1_073_742_336);
  });

  it('are raw devices with or without snapshots, of which no file is read', () => {
    const type = { _type: 'VirtualDiskRawDiskMappingVer1BackingInfo' };
    const { disks } = machine(
      withDevices(
        SCSI,
        disk(2000, { ...type, compatibilityMode: 'virtualMode' }),
        disk(2001, { ...type, compatibilityMode: 'physicalMode' }),
        disk(2002, type),
      ),
    );
    expect(disks.map(({ rawDevice, format, location }) => [rawDevice, format, location])).toEqual([
      ['virtual', 'vmfsRawDeviceMap', null],
      ['physical', 'vmfsPassthroughRawDeviceMap', null],
      ['physical', 'vmfsPassthroughRawDeviceMap', null],
    ]);
  });

  it('are seSparse, independent, shared and encrypted as their backing says', () => {
    const { disks, encrypted } = machine(
      withDevices(
        SCSI,
        disk(2000, { _type: 'VirtualDiskSeSparseBackingInfo' }),
        disk(2001, { diskMode: 'independent_nonpersistent' }),
        disk(2002, { sharing: 'sharingMultiWriter' }),
        disk(2003, { keyId: { keyId: '1', providerId: { id: 'kms' } } }),
      ),
    );
    expect(disks[0]).toMatchObject({ format: 'seSparse', thin: true });
    expect(disks[1]?.mode).toBe('independent_nonpersistent');
    expect(disks.map(({ shared }) => shared)).toEqual([false, false, true, false]);
    expect(disks.map((one) => one.encrypted)).toEqual([false, false, false, true]);
    expect(encrypted).toBe(true);
  });

  it('are all shared on a bus that is', () => {
    const shared = device('VirtualLsiLogicSASController', 1000, {
      busNumber: '1',
      sharedBus: 'physicalSharing',
    });
    const { disks } = machine(withDevices(shared, disk(2000, {})));
    expect(disks[0]).toMatchObject({ shared: true, controller: 'lsilogicsas', bus: 1 });
  });

  it('come in boot order, then by their slots', () => {
    const nvme = device('VirtualNVMEController', 31000, { busNumber: '0' });
    const fast = disk(2090, {}, { controllerKey: '31000', unitNumber: '0' });
    const devices = withDevices(fast, disk(2001, {}), disk(2000, {}), disk(2010, {}), nvme, SCSI);
    const keys = (more: Record<string, VimValue>) =>
      machine({ ...devices, ...more }).disks.map(({ key }) => key);
    expect(keys({})).toEqual(['2000', '2001', '2010', '2090']);
    expect(
      keys({
        'config.bootOptions': {
          bootOrder: [
            { _type: 'VirtualMachineBootOptionsBootableCdromDevice' },
            { _type: 'VirtualMachineBootOptionsBootableDiskDevice', deviceKey: '2090' },
          ],
        },
      }),
    ).toEqual(['2090', '2000', '2001', '2010']);
    const order = { key: 'bios.hddOrder', value: 'scsi0:10,nvme0:0' };
    expect(keys({ 'config.extraConfig': { OptionValue: order } })).toEqual(['2010', '2090', '2000', '2001']);
  });

  it('take what all files of their chain take, and no more than they hold', () => {
    const layoutEx = {
      disk: [
        { key: '2000', chain: [{ fileKey: ['1', '2'] }, { fileKey: '3' }] },
        { key: '2001', chain: { fileKey: '4' } },
      ],
      file: [
        { key: '1', size: '512' },
        { key: '2', size: '1000000' },
        { key: '3', size: '500000' },
        { key: '4', size: `${2 ** 40}` },
      ],
    };
    const { disks } = machine({ ...withDevices(SCSI, disk(2000, {}), disk(2001, {})), layoutEx });
    expect(disks.map(({ usedBytes }) => usedBytes)).toEqual([1_500_512, 2 ** 30]);
  });

  it.each([
    '[ssd [1]] ../other/x.vmdk',
    '[elsewhere] x.vmdk',
    '/vmfs/volumes/x.vmdk',
    '[ssd [1]] ',
  ])('are not looked for at %j', (fileName) => {
    const { machine: one, problems } = built(withDevices(SCSI, disk(2000, { fileName })));
    expect(one.disks[0]?.location).toBeNull();
    expect(problems).toMatchObject([{ severity: 'critical', code: 'SOURCE_UNREADABLE', machineId: 'vm-1' }]);
  });
});

describe('other devices of a machine in vSphere', () => {
  it('are told by kind with what lies behind them', () => {
    const pci = (fields: DeviceFields) => device('VirtualPCIPassthrough', 13000, { backing: fields });
    const { devices, virtualTpm } = machine(
      withDevices(
        device('VirtualCdrom', 16000, {
          backing: { _type: 'VirtualCdromIsoBackingInfo', fileName: '[iso] debian.iso' },
          connectable: { startConnected: 'false', connected: 'true' },
        }),
        device('VirtualCdrom', 16001, {
          backing: { _type: 'VirtualCdromRemotePassthroughBackingInfo', deviceName: 'D:' },
          connectable: { startConnected: 'false', connected: 'false' },
        }),
        device('VirtualFloppy', 8000, { backing: { fileName: '[iso] f.flp' } }),
        device('VirtualSerialPort', 9000, { backing: { serviceURI: 'telnet://:2000' } }),
        device('VirtualParallelPort', 10000, { backing: { deviceName: '/dev/parport0' } }),
        device('VirtualHdAudioCard', 5000),
        device('VirtualUSBXHCIController', 14000),
        device('VirtualUSB', 14001, { backing: { deviceName: 'path:1/0/1' } }),
        device('VirtualTPM', 11000),
        pci({ vgpu: 'grid_t4-4q' }),
        pci({ vendorId: '4318', deviceId: '1eb8', id: '0000:3b:00.0' }),
        pci({ vendorId: '-32634', deviceId: '10fb', id: '0000:04:00.0' }),
        pci({ allowedDevice: [{ vendorId: '4318', deviceId: '7864' }] }),
        device('VirtualNVDIMM', 30000, { backing: { fileName: '[ssd] nv.vmdk' } }),
        device('VirtualWDT', 18000),
        device('VirtualPrecisionClock', 19000),
        device('VirtualMachineVideoCard', 500, { enable3DSupport: 'true' }),
      ),
    );
    expect(devices.map(({ kind, backing }) => [kind, backing])).toEqual([
      ['cdrom', '[iso] debian.iso'],
      ['cdrom', null],
      ['floppy', '[iso] f.flp'],
      ['serial', 'telnet://:2000'],
      ['parallel', '/dev/parport0'],
      ['sound', null],
      ['usb-controller', null],
      ['usb', 'path:1/0/1'],
      ['tpm', null],
      ['gpu', 'grid_t4-4q'],
      ['pci-passthrough', '0x10de:0x1eb8 at 0000:3b:00.0'],
      ['pci-passthrough', '0x8086:0x10fb at 0000:04:00.0'],
      ['pci-passthrough', '0x10de:0x1eb8'],
      ['nvdimm', '[ssd] nv.vmdk'],
      ['watchdog', null],
      ['other', null],
      ['gpu', null],
    ]);
    expect(devices.slice(0, 2).map(({ connected }) => connected)).toEqual([true, false]);
    expect(virtualTpm).toBe(true);
  });

  it('are not the ones that every machine has', () => {
    const ordinary = [
      'VirtualKeyboard',
      'VirtualPointingDevice',
      'VirtualMachineVideoCard',
      'VirtualMachineVMCIDevice',
      'VirtualPCIController',
      'VirtualPS2Controller',
      'VirtualSIOController',
      'VirtualIDEController',
      'VirtualAHCIController',
      'VirtualNVDIMMController',
    ];
    expect(machine(withDevices(...ordinary.map((type, index) => device(type, index)))).devices).toEqual([]);
  });
});

describe('network cards of a machine in vSphere', () => {
  const card = (type: string, key: number, fields: DeviceFields) =>
    device(type, key, { macAddress: '00:50:56:AA:00:01', addressType: 'assigned', ...fields });

  it('are on a port group of a host or of a distributed switch', () => {
    const { nics } = machine(
      withDevices(
        card('VirtualVmxnet3', 4001, {
          backing: { port: { portgroupKey: 'dvportgroup-13', switchUuid: '50 2d' } },
          connectable: { startConnected: 'true', connected: 'false' },
        }),
        card('VirtualE1000e', 4000, { backing: { deviceName: 'VM Network' }, addressType: 'manual' }),
        card('VirtualSriovEthernetCard', 4002, {
          backing: { port: { portgroupKey: 'dvportgroup-99' } },
          connectable: { startConnected: 'false', connected: 'false' },
        }),
      ),
    );
    expect(
      nics.map(({ network, adapter, connected, staticMac }) => [network, adapter, connected, staticMac]),
    ).toEqual([
      ['VM Network', 'e1000e', true, true],
      ['VLAN 12', 'vmxnet3', true, false],
      ['dvportgroup-99', 'sriov', false, false],
    ]);
    expect(nics[0]?.mac).toBe('00:50:56:aa:00:01');
  });

  it('have the addresses that Tools report of them, without link-local ones', () => {
    const { nics, guest } = machine({
      ...withDevices(
        card('VirtualVmxnet3', 4000, { macAddress: '00:50:56:00:00:01' }),
        card('VirtualVmxnet3', 4001, { macAddress: '00:50:56:00:00:02' }),
      ),
      'guest.ipAddress': '192.0.2.7',
      'guest.net': {
        GuestNicInfo: [
          { deviceConfigId: '4000', ipAddress: ['192.0.2.7', 'fe80::1%eth0', '2001:db8::7'] },
          {
            deviceConfigId: '-1',
            macAddress: '00:50:56:00:00:02',
            ipAddress: ['169.254.3.4', '198.51.100.8'],
          },
          { deviceConfigId: '-1', macAddress: '02:42:ac:11:00:01', ipAddress: '172.17.0.1' },
        ],
      },
    });
    expect(nics.map(({ addresses }) => addresses)).toEqual([['192.0.2.7', '2001:db8::7'], ['198.51.100.8']]);
    expect(guest.addresses).toEqual(['192.0.2.7', '2001:db8::7', '198.51.100.8']);
  });
});

describe('a machine in vSphere', () => {
  it('has its place, with names as people write them', () => {
    const { placement } = machine(
      {
        parent: ref('Folder', 'group-v6'),
        'runtime.host': ref('HostSystem', 'host-9'),
        resourcePool: ref('ResourcePool', 'resgroup-11'),
        customValue: {
          CustomFieldValue: [
            { key: '101', value: 'shop' },
            { key: '999', value: 'x' },
          ],
        },
      },
      'vm-1',
      { tags: new Map([['vm-1', ['gold']]]) },
    );
    expect(placement).toEqual({
      datacenter: 'DC 1',
      cluster: 'Gold',
      host: 'esx1',
      folder: 'Shop/Web/Front',
      resourcePool: 'Prod',
      tags: ['gold'],
      attributes: { owner: 'shop' },
    });
  });

  it('has what its cluster does for it, unless it is left out', () => {
    const onCluster = { 'runtime.host': ref('HostSystem', 'host-9') };
    const of = (id: string) => machine(onCluster, id).features;
    expect(of('vm-1')).toMatchObject({ highAvailability: true, drs: true, dpm: false, hostAffinity: true });
    expect(of('vm-2')).toMatchObject({ highAvailability: false, drs: false, hostAffinity: false });
    // The rule that names it is off.
    expect(of('vm-3')).toMatchObject({ highAvailability: true, drs: true, hostAffinity: false });
    expect(machine({}).features).toMatchObject({ highAvailability: false, drs: false, hostAffinity: false });
  });

  it('tells the features that are in use', () => {
    const { features } = machine({
      'config.cpuAffinity': { affinitySet: ['0', '1'] },
      'config.extraConfig': { OptionValue: { key: 'numa.nodeAffinity', value: '0' } },
      'runtime.faultToleranceState': 'running',
      'config.flags': { vbsEnabled: 'true' },
      'config.latencySensitivity': { level: 'high' },
      'config.nestedHVEnabled': 'true',
      'config.sevEnabled': 'true',
      'config.cpuAllocation': { reservation: '500' },
      'config.memoryAllocation': { reservation: '1024' },
      'config.version': 'vmx-19',
    });
    expect(features).toMatchObject({
      cpuAffinity: true,
      numaAffinity: true,
      faultTolerance: true,
      virtualizationBasedSecurity: true,
      latencySensitive: true,
      nestedVirtualization: true,
      confidentialComputing: true,
      cpuReservationMhz: 500,
      memoryReservationBytes: 2 ** 30,
      hardwareVersion: 19,
    });
  });

  it('has its snapshots, oldest first, whatever the tree', () => {
    const snapshot = (name: string, createTime: string, more: VimValue | Record<string, VimValue> = {}) => ({
      name,
      createTime,
      state: 'poweredOff',
      ...(typeof more === 'object' ? more : {}),
    });
    const { snapshots } = machine({
      snapshot: {
        rootSnapshotList: snapshot('first', '2026-01-01T00:00:00Z', {
          childSnapshotList: [
            snapshot('third', '2026-03-01T00:00:00Z'),
            snapshot('50%25 off', '2026-02-01T00:00:00.5Z', { state: 'poweredOn' }),
          ],
        } as never),
      },
    });
    expect(snapshots).toEqual([
      { name: 'first', createdAt: '2026-01-01T00:00:00.000Z', withMemory: false },
      { name: '50% off', createdAt: '2026-02-01T00:00:00.500Z', withMemory: true },
      { name: 'third', createdAt: '2026-03-01T00:00:00.000Z', withMemory: false },
    ]);
  });

  it('shows no passwords of its settings and properties', () => {
    const { settings, properties } = machine({
      'config.extraConfig': {
        OptionValue: [
          { key: 'guestinfo.userdata', value: 'secret-1' },
          { key: 'Svga.Present', value: 'TRUE' },
          { key: 'appliance.rootPassword', value: 'secret-2' },
        ],
      },
      'config.vAppConfig': {
        property: [
          { id: 'admin', type: 'password(..30)', value: 'secret-3' },
          { id: 'admin_passwd', type: 'string', value: 'secret-4' },
          { classId: 'net', id: 'ip', instanceId: '1', type: 'ip', value: '', defaultValue: '192.0.2.1' },
        ],
      },
    });
    expect(settings).toEqual({ 'svga.present': 'TRUE' });
    expect(properties).toEqual({ 'net.ip.1': '192.0.2.1' });
  });

  it.each([
    'orphaned',
    'inaccessible',
    'invalid',
    'disconnected',
  ])('cannot be read while it is %s', (state) => {
    const { machine: one, problems } = built({
      ...withDevices(SCSI, disk(2000, {})),
      'runtime.connectionState': state,
    });
    expect(one.disks[0]?.location).toBeNull();
    expect(problems).toMatchObject([{ severity: 'critical', machineId: 'vm-1' }]);
    expect(problems[0]?.message).toContain(state);
  });

  it('is a placeholder when Site Recovery Manager keeps it', () => {
    const managedBy = { extensionKey: 'com.vmware.vcDr', type: 'placeholderVm' };
    expect(machine({ 'config.managedBy': managedBy }).placeholder).toBe(true);
    expect(machine({ 'config.managedBy': { ...managedBy, type: 'cluster-agent' } }).placeholder).toBe(false);
  });

  it('is not encrypted for having a virtual TPM', () => {
    const keyed = { 'config.keyId': { keyId: '1' } };
    expect(machine({ ...keyed, ...withDevices(device('VirtualTPM', 11000)) }).encrypted).toBe(false);
    expect(machine(keyed).encrypted).toBe(true);
  });

  it('is there, with a problem, when one of its properties is none that vSphere has', () => {
    const odd = built({ 'config.hardware.numCPU': 'four', 'config.hardware.memoryMB': '512' });
    expect(odd.machine).toMatchObject({ name: 'web', cpus: 1, memoryBytes: 2 ** 29 });
    expect(odd.problems).toMatchObject([{ severity: 'warning', code: 'VSPHERE_PROTOCOL' }]);
    const broken = built({ 'config.hardware.device': { VirtualDevice: { key: 'x' } } });
    expect(broken.problems).toMatchObject([{ severity: 'critical', code: 'VSPHERE_PROTOCOL' }]);
  });
});

describe('vApps', () => {
  const vapp = (id: string, entities: readonly [string, number, number][], parent?: string) => ({
    ref: ref('VirtualApp', id),
    parent: parent === undefined ? ref('ResourcePool', 'resgroup-10') : ref('VirtualApp', parent),
    config: {
      property: [],
      entityConfig: entities.map(([value, startOrder, startDelay]) => ({
        key: ref(value.startsWith('vm') ? 'VirtualMachine' : 'VirtualApp', value),
        startOrder,
        startDelay,
      })),
    },
  });
  const orders = (vapps: ReturnType<typeof vapp>[]) =>
    Object.fromEntries(
      [...vappShares(vapps)].map(([id, { startOrder, startDelaySeconds }]) => [
        id,
        [startOrder, startDelaySeconds],
      ]),
    );

  it('give their machines order and delay', () => {
    expect(
      orders([
        vapp('a', [
          ['vm-1', 2, 120],
          ['vm-2', 5, 0],
        ]),
      ]),
    ).toEqual({ 'vm-1': [2, 120], 'vm-2': [5, 0] });
  });

  it('that nest give ranks in the whole sequence', () => {
    const outer = vapp('a', [
      ['vm-1', 1, 0],
      ['b', 2, 0],
      ['vm-4', 3, 0],
    ]);
    const inner = vapp(
      'b',
      [
        ['vm-2', 1, 0],
        ['vm-3', 2, 0],
      ],
      'a',
    );
    expect(orders([outer, inner])).toEqual({
      'vm-1': [1, 0],
      'vm-2': [2, 0],
      'vm-3': [3, 0],
      'vm-4': [4, 0],
    });
  });

  it('that hold each other end', () => {
    expect(
      orders([
        vapp('a', [['b', 1, 0]]),
        vapp(
          'b',
          [
            ['a', 1, 0],
            ['vm-1', 1, 0],
          ],
          'a',
        ),
      ]),
    ).toEqual({
      'vm-1': [1, 0],
    });
  });
});
