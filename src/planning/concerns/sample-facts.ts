import type { Profile } from '../../guests/profiles/index.js';
import {
  NO_ORDER,
  NO_POOL_SETTINGS,
  type PlannedDisk,
  type PlannedMachine,
  type PlannedNic,
} from '../../model/plan.js';
import { GIB } from '../../model/units.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';
import type { TargetFacts } from '../migration-file/schema.js';
import {
  deviceFacts,
  diskFacts,
  type Facts,
  machineFacts,
  nicFacts,
  snapshotFacts,
  targetFacts,
  volumeFacts,
} from './machine-facts.js';
import type { PlanFacts } from './plan-facts.js';
import type { RuleScope } from './rule-schema.js';
import { SharedResources } from './shared-resources.js';

/** A machine that has everything: no field is null, no list empty. */
const MACHINE: VirtualMachine = {
  id: 'web.ovf',
  name: 'web',
  description: 'shop',
  uuid: '564d4a10-0000-0000-0000-000000000001',
  instanceUuid: '502d4a10-0000-0000-0000-000000000001',
  objectId: 'vm-12',
  server: 'vcenter',
  guestOs: 'debian12_64Guest',
  cimOs: 96,
  osDescription: 'Debian GNU/Linux 12 (64-bit)',
  firmware: 'efi',
  secureBoot: true,
  cpus: 4,
  coresPerSocket: 2,
  memoryBytes: 4 * GIB,
  disks: [
    {
      capacityBytes: 40 * GIB,
      format: 'streamOptimized',
      file: '[datastore1] web/web.vmdk',
      controller: 'pvscsi',
      bus: 0,
      unit: 0,
      location: {
        kind: 'files',
        parts: [
          {
            range: { path: '/exports/web.vmdk', offset: 0, length: GIB },
            name: 'web.vmdk',
            expectedDigest: { algorithm: 'sha256', hex: '00' },
          },
        ],
        compression: 'gzip',
      },
      usedBytes: 10 * GIB,
      mode: 'persistent',
      rawDevice: 'virtual',
      shared: true,
      encrypted: true,
      thin: true,
      datastore: 'datastore1',
      key: '2000',
    },
  ],
  nics: [
    {
      network: 'LAN',
      mac: '00:50:56:00:00:01',
      adapter: 'vmxnet3',
      connected: true,
      staticMac: true,
      addresses: ['192.0.2.10'],
    },
  ],
  startOrder: 1,
  startDelaySeconds: 30,
  powerState: 'on',
  template: true,
  placeholder: true,
  encrypted: true,
  virtualTpm: true,
  nvram: 'web.nvram',
  devices: [{ kind: 'gpu', label: 'pciPassthru0', connected: true, backing: 'grid_t4-4q' }],
  snapshots: [{ name: 'before', createdAt: '2026-01-31T12:00:00Z', withMemory: true }],
  placement: {
    datacenter: 'Berlin',
    cluster: 'Cluster 1',
    host: 'esx1',
    folder: 'Shop/Web',
    resourcePool: 'Resources',
    tags: ['shop'],
    attributes: { owner: 'shop' },
  },
  guest: {
    hostName: 'web',
    addresses: ['192.0.2.10'],
    reportedOs: 'Debian GNU/Linux 12 (64-bit)',
    tools: 'running',
    volumes: [{ path: '/', capacityBytes: 40 * GIB, freeBytes: 30 * GIB }],
  },
  features: {
    changeTracking: true,
    consolidationNeeded: true,
    cpuHotAdd: true,
    memoryHotAdd: true,
    cpuAffinity: true,
    numaAffinity: true,
    hostAffinity: true,
    faultTolerance: true,
    highAvailability: true,
    drs: true,
    dpm: true,
    diskUuids: true,
    nestedVirtualization: true,
    virtualizationBasedSecurity: true,
    latencySensitive: true,
    confidentialComputing: true,
    cpuReservationMhz: 1000,
    memoryReservationBytes: GIB,
    hardwareVersion: 19,
  },
  settings: { 'svga.vramsize': '8388608' },
  properties: { role: 'web' },
  source: { kind: 'ovf', descriptor: 'web.ovf' },
};

const DISK: PlannedDisk = { dataBytes: 10 * GIB, certainBytes: GIB, storage: 'SR 1' };
const NIC: PlannedNic = { network: 'VLAN 12', mapped: true, mac: '00:50:56:00:00:01' };

const PLANNED: PlannedMachine = {
  machine: MACHINE,
  name: 'web',
  profile: { id: 'linux', title: 'Linux', limits: [] },
  output: 'web.xva',
  disks: [DISK],
  nics: [NIC],
  coresPerSocket: 2,
  wave: 'first',
  startOrder: 1,
  startDelaySeconds: 30,
  ...NO_ORDER,
  ...NO_POOL_SETTINGS,
  fixups: 'auto',
  live: {
    move: 'warm',
    read: 'datastore',
    vddk: null,
    allow: ['shutDown'],
    shutDown: { seconds: 600, otherwise: 'fail' },
    precopy: { passes: 3, pauseSeconds: 300 },
    cutover: null,
    afterwards: { rename: null, disconnect: false },
    rollbackDays: 14,
    server: {
      url: 'https://vcenter',
      user: 'reader@vsphere.local',
      password: { environment: 'PASSWORD' },
      tlsFingerprints: [],
    },
    objectId: 'vm-12',
    changes: ['shutDown'],
  },
  dataBytes: 10 * GIB,
  certainBytes: GIB,
  concerns: [],
};

/** With the fields that only some profiles have; a rule asks for these by `has(...)`. */
const PROFILE: Profile = {
  id: 'debian-12',
  title: 'Debian 12',
  family: 'linux',
  precision: 'release',
  match: { vmware: ['debian12*'], cim: [96], description: ['debian*12*'] },
  architectures: [64],
  releases: { from: '12', to: '12' },
  support: 'full',
  endOfLife: '2028-06-30',
  template: 'debian-bookworm-12',
  templates: { xenserver: ['debian-12'], 'xcp-ng': ['debian-12'] },
  hasVendorDevice: false,
  platform: { device_id: '0001' },
  firmware: { bios: { bootDisk: 'ide' }, efi: { bootDisk: 'nvme' } },
  pvDrivers: { from: 'kernel', note: 'Part of the kernel.' },
  fixups: ['linux/device-names'],
  limits: ['Network names may change.'],
};

const TARGET: TargetFacts = {
  product: 'xcp-ng',
  release: '8.3',
  secureBootCertificates: true,
  hosts: [{ name: 'xen1', memoryGiB: 256, cpus: 32, gpus: 2 }],
  storage: [{ name: 'SR 1', freeGiB: 1000, provisioning: 'thin', format: 'vhd' }],
  networks: [{ name: 'VLAN 12' }],
  into: 'xl',
};

const PLAN: PlanFacts = {
  machines: 1,
  unreadable: 1,
  listedOnly: 1,
  blocked: 1,
  totals: { memoryBytes: 4 * GIB, cpus: 4, gpus: 1, disks: 1, dataBytes: 10 * GIB },
  pool: { memoryBytes: 256 * GIB, cpus: 32, gpus: 2 },
  storage: [{ name: 'SR 1', exists: true, neededBytes: 10 * GIB, freeBytes: 1000 * GIB, machines: 1 }],
  networks: [{ name: 'VLAN 12', mapped: true, exists: true, machines: 1 }],
  repeatedNames: [{ name: 'web', machines: 2 }],
  unmatched: { selectors: ['name: db*'], overrides: ['db'], names: ['mail'] },
  waves: [{ name: 'first', machines: 1, window: 'nights', windows: 1, seconds: 600 }],
};

const SHARED = new SharedResources([PLANNED]);

const OF_MACHINE: Facts = withDerived(
  machineFacts(PLANNED, PROFILE, targetFacts(TARGET), {
    target: TARGET,
    mappings: { networks: 1, storage: 1 },
    shared: SHARED,
    today: '2026-11-27',
  }),
);

/** Lists of other machines, which a lone machine does not have. */
function withDerived(facts: Facts): Facts {
  const planned = typeof facts.planned === 'object' ? facts.planned : {};
  const derived = {
    sameName: ['copy.ovf'],
    sameUuid: ['copy'],
    repeatedMacs: [{ mac: '00:50:56:00:00:01', machines: ['copy'] }],
  };
  return { ...facts, planned: { ...planned, ...derived } };
}

function withPart(name: string, part: Facts | undefined, derived: Facts = {}): Facts {
  return { ...OF_MACHINE, [name]: { ...part, ...derived } };
}

/** For each scope all variables of its rules, with every field filled: what rules are checked against. */
export const SAMPLE_FACTS: Readonly<Record<RuleScope, Facts>> = {
  machine: OF_MACHINE,
  disk: withPart('disk', diskFacts(PLANNED, SHARED)[0]?.facts, { sharedWith: ['copy'] }),
  nic: withPart('nic', nicFacts(PLANNED, SHARED)[0]?.facts, { sharedWith: ['copy'] }),
  device: withPart('device', deviceFacts(PLANNED)[0]?.facts),
  snapshot: withPart('snapshot', snapshotFacts(PLANNED)[0]?.facts),
  volume: withPart('volume', volumeFacts(PLANNED)[0]?.facts),
  plan: {
    plan: PLAN,
    target: targetFacts(TARGET),
    mappings: { networks: 1, storage: 1 },
    today: '2026-11-27',
  },
};
