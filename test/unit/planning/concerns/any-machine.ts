import fc, { type Arbitrary } from 'fast-check';
import { NO_ORDER, NO_POOL_SETTINGS, type PlannedMachine } from '../../../../src/model/plan.js';
import type {
  Device,
  Disk,
  DiskMode,
  GuestFacts,
  Nic,
  Snapshot,
  VirtualMachine,
  VmwareFeatures,
} from '../../../../src/model/virtual-machine.js';
import { UNKNOWN_PLACEMENT } from '../../../../src/model/virtual-machine.js';
import type { TargetFacts } from '../../../../src/planning/migration-file/schema.js';
import { testDisk, testMachine, testNic } from '../../../support/machines.js';

const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const bytes = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, -1, 512));
const maybe = <Value>(value: Arbitrary<Value>): Arbitrary<Value | null> => fc.option(value, { nil: null });
const flag = maybe(fc.boolean());
const address = fc.oneof(fc.ipV4(), fc.ipV6(), text);
const few = <Value>(value: Arbitrary<Value>): Arbitrary<Value[]> => fc.array(value, { maxLength: 6 });
const record = fc.dictionary(text, text, { maxKeys: 4 });
const MODES: readonly DiskMode[] = [
  'persistent',
  'independent_persistent',
  'nonpersistent',
  'undoable',
  'append',
];

const disk: Arbitrary<Disk> = fc
  .record({
    capacityBytes: bytes,
    file: text,
    controller: fc.constantFrom('pvscsi', 'ide', 'nvme', 'ahci', 'toString'),
    bus: fc.nat({ max: 3 }),
    unit: fc.nat({ max: 15 }),
    usedBytes: maybe(bytes),
    mode: fc.constantFrom(...MODES),
    rawDevice: maybe(fc.constantFrom('physical' as const, 'virtual' as const)),
    shared: fc.boolean(),
    encrypted: fc.boolean(),
    thin: flag,
    datastore: maybe(text),
  })
  .map(testDisk);

const nic: Arbitrary<Nic> = fc
  .record({
    network: text,
    mac: maybe(fc.oneof(text, fc.constantFrom('00:50:56:00:00:01', '01:00:5e:00:00:01'))),
    adapter: text,
    connected: fc.boolean(),
    addresses: few(address),
  })
  .map(testNic);

const device: Arbitrary<Device> = fc.record({
  kind: fc.constantFrom('cdrom', 'gpu', 'usb', 'pci-passthrough', 'serial', 'nvdimm', 'floppy', 'other'),
  label: text,
  connected: fc.boolean(),
  backing: maybe(text),
});

const snapshot: Arbitrary<Snapshot> = fc.record({
  name: text,
  createdAt: maybe(fc.date({ noInvalidDate: true }).map((date) => date.toISOString())),
  withMemory: fc.boolean(),
});

const guest: Arbitrary<GuestFacts> = fc.record({
  hostName: maybe(text),
  addresses: few(address),
  reportedOs: maybe(text),
  tools: maybe(fc.constantFrom('running', 'not running', 'not installed', 'outdated')),
  volumes: few(
    fc.record({
      path: fc.oneof(text, fc.constantFrom('/', '/boot', 'C:\\')),
      capacityBytes: bytes,
      freeBytes: bytes,
    }),
  ),
});

const features: Arbitrary<VmwareFeatures> = fc.record({
  changeTracking: flag,
  consolidationNeeded: flag,
  cpuHotAdd: flag,
  memoryHotAdd: flag,
  cpuAffinity: flag,
  numaAffinity: flag,
  hostAffinity: flag,
  faultTolerance: flag,
  highAvailability: flag,
  drs: flag,
  dpm: flag,
  diskUuids: flag,
  nestedVirtualization: flag,
  virtualizationBasedSecurity: flag,
  latencySensitive: flag,
  confidentialComputing: flag,
  cpuReservationMhz: maybe(fc.nat()),
  memoryReservationBytes: maybe(bytes),
  hardwareVersion: maybe(fc.nat({ max: 30 })),
});

const machine: Arbitrary<VirtualMachine> = fc
  .record({
    name: text,
    uuid: maybe(text),
    guestOs: fc.oneof(text, fc.constantFrom('windows9Server64Guest', 'darwin19_64Guest', 'rhel7_64Guest')),
    osDescription: text,
    firmware: fc.constantFrom('bios' as const, 'efi' as const),
    secureBoot: fc.boolean(),
    cpus: fc.integer({ min: -1, max: 200 }),
    coresPerSocket: fc.integer({ min: 0, max: 64 }),
    memoryBytes: bytes,
    disks: few(disk),
    nics: few(nic),
    startOrder: maybe(fc.nat()),
    startDelaySeconds: fc.nat(),
    powerState: maybe(fc.constantFrom('on' as const, 'off' as const, 'suspended' as const)),
    template: fc.boolean(),
    placeholder: fc.boolean(),
    encrypted: fc.boolean(),
    virtualTpm: fc.boolean(),
    nvram: maybe(text),
    devices: few(device),
    snapshots: few(snapshot),
    placement: fc.constant(UNKNOWN_PLACEMENT),
    guest,
    features,
    settings: fc.oneof(record, fc.constant({ 'scsi0:0.ctkenabled': 'FALSE', 'guestinfo.a': '' })),
    properties: record,
  })
  .map(testMachine);

/** Any machine in a plan, with a place for each disk and card. */
export const anyPlanned: Arbitrary<PlannedMachine> = fc
  .tuple(machine, text, text, maybe(text), bytes, fc.boolean())
  .map(([vm, name, output, storage, dataBytes, mapped]) => ({
    machine: vm,
    name,
    profile: { id: 'linux', title: 'Linux', limits: [] },
    output,
    disks: vm.disks.map(() => ({ dataBytes, certainBytes: 0, storage })),
    nics: vm.nics.map(({ network, mac }) => ({ network, mac, mapped })),
    coresPerSocket: 1,
    wave: 'all',
    ...NO_ORDER,
    ...NO_POOL_SETTINGS,
    fixups: 'auto' as const,
    live: null,
    startOrder: vm.startOrder,
    startDelaySeconds: vm.startDelaySeconds,
    dataBytes,
    certainBytes: 0,
    concerns: [],
  }));

/** Fields that a profile may have. */
export const anyProfile: Arbitrary<Record<string, unknown>> = fc.record(
  {
    precision: fc.constantFrom('release', 'product'),
    support: fc.constantFrom('full', 'limited', 'none'),
    endOfLife: fc.constantFrom('2020-01-31', '2030-01-31'),
    firmware: fc.record({ bios: fc.constant({ bootDisk: 'ide' }) }, { requiredKeys: [] }),
    pvDrivers: fc.record({ from: fc.constantFrom('kernel', 'guest tools', 'none'), note: text }),
  },
  { requiredKeys: [] },
);

export const anyTarget: Arbitrary<TargetFacts> = fc.record(
  {
    product: fc.constantFrom('xenserver' as const, 'xcp-ng' as const),
    release: fc.oneof(text, fc.constantFrom('8', '8.2.1', '7.6')),
    secureBootCertificates: fc.boolean(),
    hosts: few(
      fc.record({ name: text, memoryGiB: fc.nat(), cpus: fc.nat({ max: 300 }), gpus: fc.nat({ max: 8 }) }),
    ),
    storage: few(
      fc.record({
        name: text,
        freeGiB: fc.nat(),
        provisioning: fc.constantFrom('thin' as const, 'thick' as const),
        format: fc.constantFrom('vhd' as const, 'qcow2' as const, 'raw' as const),
      }),
    ),
    networks: few(fc.record({ name: text })),
  },
  { requiredKeys: [] },
);
