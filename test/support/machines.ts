import type { Profile } from '../../src/guests/profiles/index.js';
import type { PlannedLive } from '../../src/model/live.js';
import {
  type Concern,
  type Estimate,
  NO_ORDER,
  NO_PLACE_LIMITS,
  NO_POOL_SETTINGS,
  type PlannedMachine,
} from '../../src/model/plan.js';
import { GIB } from '../../src/model/units.js';
import {
  type Disk,
  type Nic,
  UNTOLD_DISK,
  UNTOLD_MACHINE,
  UNTOLD_NIC,
  type VirtualMachine,
} from '../../src/model/virtual-machine.js';

/** A thin disk of 40 GiB with no file behind it. */
export function testDisk(changes: Partial<Disk> = {}): Disk {
  return {
    ...UNTOLD_DISK,
    capacityBytes: 40 * GIB,
    format: 'streamOptimized',
    file: 'disk.vmdk',
    controller: 'pvscsi',
    bus: 0,
    unit: 0,
    location: null,
    ...changes,
  };
}

export function testNic(changes: Partial<Nic> = {}): Nic {
  return { ...UNTOLD_NIC, network: 'LAN', mac: '00:50:56:00:00:01', adapter: 'vmxnet3', ...changes };
}

/** A Debian machine with one disk and no network card, of which nothing stands against moving it. */
export function testMachine(changes: Partial<VirtualMachine> = {}): VirtualMachine {
  const name = changes.name ?? 'web';
  return {
    ...UNTOLD_MACHINE,
    id: `${name}.ovf`,
    name,
    description: '',
    uuid: null,
    guestOs: 'debian12_64Guest',
    firmware: 'bios',
    secureBoot: false,
    cpus: 2,
    coresPerSocket: 1,
    memoryBytes: GIB,
    disks: [testDisk()],
    nics: [],
    source: { kind: 'ovf', descriptor: `${name}.ovf` },
    ...changes,
  };
}

/** A machine as a plan without a migration file would have it, its disks one tenth full. */
export function testPlanned(
  machine: VirtualMachine = testMachine(),
  changes: Partial<PlannedMachine> = {},
): PlannedMachine {
  const disks = machine.disks.map(({ capacityBytes }) => ({
    dataBytes: capacityBytes / 10,
    certainBytes: 0,
    storage: null,
  }));
  return {
    machine,
    name: machine.name,
    profile: { id: 'linux', title: 'Linux', limits: [] },
    output: `${machine.name}.xva`,
    disks,
    nics: machine.nics.map(({ network, mac }) => ({ network, mapped: false, mac })),
    coresPerSocket: machine.coresPerSocket,
    wave: 'all',
    startOrder: machine.startOrder,
    startDelaySeconds: machine.startDelaySeconds,
    ...NO_ORDER,
    ...NO_POOL_SETTINGS,
    fixups: 'auto',
    live: null,
    dataBytes: disks.reduce((sum, disk) => sum + disk.dataBytes, 0),
    certainBytes: 0,
    concerns: [],
    ...changes,
  };
}

/** A machine of a vCenter that is shut down to be moved. */
export function testLive(changes: Partial<PlannedLive> = {}): PlannedLive {
  return {
    move: 'cold',
    read: 'datastore',
    vddk: null,
    allow: ['shutDown'],
    shutDown: { seconds: 600, otherwise: 'fail' },
    precopy: { passes: 3, pauseSeconds: 300 },
    cutover: null,
    afterwards: { rename: null, disconnect: false },
    rollbackDays: 14,
    server: {
      url: 'https://vcenter.example',
      user: 'reader@vsphere.local',
      password: { environment: 'PASSWORD' },
      tlsFingerprints: [],
    },
    objectId: 'vm-12',
    changes: ['shutDown'],
    ...changes,
  };
}

export function testConcern(changes: Partial<Concern> = {}): Concern {
  return {
    id: 'PLAN_CPU_TOPOLOGY',
    severity: 'warning',
    about: null,
    message: 'odd topology',
    remedy: 'Set the cores.',
    fix: null,
    waivable: true,
    waived: null,
    ...changes,
  };
}

/** Nothing to move, in no time. */
export const NO_ESTIMATE: Estimate = {
  rates: { sourceMiBps: 1, networkMiBps: 1, threadMiBps: 1, targetMiBps: 1, secondsPerMachine: 0 },
  limits: { machinesAtOnce: 1, machinesPerHost: 1, machinesPerDatastore: 1, threads: 1, ...NO_PLACE_LIMITS },
  bytes: 0,
  seconds: 0,
  bottleneck: 'source',
  waves: [],
  machines: [],
  storage: [],
  stagingBytes: 0,
};

/** A Debian that Xen runs without any help. */
export function testProfile(changes: Partial<Profile> = {}): Profile {
  return {
    id: 'debian',
    title: 'Debian',
    family: 'linux',
    precision: 'release',
    match: { vmware: ['debian*'], cim: [], description: [] },
    architectures: [64],
    support: 'full',
    template: 'other-install-media',
    templates: { xenserver: [], 'xcp-ng': [] },
    hasVendorDevice: false,
    platform: {},
    firmware: { bios: { bootDisk: 'ide' }, efi: { bootDisk: 'nvme' } },
    pvDrivers: { from: 'kernel', note: 'Part of the kernel.' },
    fixups: [],
    limits: [],
    ...changes,
  };
}
