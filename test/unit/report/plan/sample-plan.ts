import { ANY_NIGHT } from '../../../../src/model/night.js';
import {
  type Concern,
  type Estimate,
  type MachineEstimate,
  NO_PLACE_LIMITS,
  type Plan,
  type PlannedMachine,
  type WaveEstimate,
} from '../../../../src/model/plan.js';
import { GIB } from '../../../../src/model/units.js';
import type { VirtualMachine } from '../../../../src/model/virtual-machine.js';
import { testConcern, testDisk, testMachine, testNic, testPlanned } from '../../../support/machines.js';

const LINUX = { id: 'linux', title: 'Linux', limits: ['Network names may change at the first start.'] };
const WINDOWS = { id: 'windows', title: 'Windows', limits: ['Remove VMware Tools after the first start.'] };

export const NO_DISKS = testConcern({
  id: 'PLAN_NO_DISKS',
  severity: 'critical',
  message: 'the machine has no disk',
  remedy: 'Export the machine again with its disks, or leave it out.',
  waivable: false,
});
const TOO_LARGE = testConcern({
  id: 'VHD_TOO_LARGE',
  severity: 'critical',
  about: 'Hard disk 2',
  message: 'the disk has 3 TiB, more than 2040 GiB',
  remedy: 'Use a repository that takes qcow2.',
  waived: 'The disk goes to the qcow2 repository by hand.',
});
const SECURE_BOOT = testConcern({
  id: 'PLAN_SECURE_BOOT',
  message: 'the machine boots with Secure Boot on',
  remedy: 'Install the Secure Boot certificates on the pool.',
});
const TOPOLOGY = testConcern({
  message: '6 CPUs are no multiple of 4 cores per socket',
  remedy: 'Set the cores per socket after the import.',
  fix: 'The machine gets one core per socket.',
});
const SNAPSHOTS = testConcern({
  id: 'PLAN_SNAPSHOTS',
  message: 'two snapshots, the older one of 2024',
  remedy: 'Remove the snapshots before the export.',
  waived: 'The owner wants the latest state alone.',
});
const CHANGE_TRACKING = testConcern({
  id: 'PLAN_CHANGE_TRACKING',
  severity: 'information',
  message: 'changed block tracking is on',
  remedy: 'Nothing: it stays behind.',
});
const UNPLUGGED = testConcern({
  id: 'PLAN_NIC_UNPLUGGED',
  severity: 'information',
  about: 'Network adapter 2',
  message: 'the card is unplugged',
  remedy: 'Unplug the VIF after the import.',
  fix: 'The card is created all the same.',
});

const SERVER_2022 = {
  guestOs: 'windows2022srvNext_64Guest',
  osDescription: 'Microsoft Windows Server 2022 (64-bit)',
};

function planned(
  wave: string,
  machine: Partial<VirtualMachine>,
  concerns: readonly Concern[] = [],
  changes: Partial<PlannedMachine> = {},
): PlannedMachine {
  const full = testMachine(machine);
  return testPlanned(full, {
    wave,
    profile: full.guestOs.startsWith('windows') ? WINDOWS : LINUX,
    concerns,
    nics: full.nics.map(({ network, mac }) =>
      network === 'VLAN 20' ? { network: 'Front', mapped: true, mac } : { network, mapped: false, mac },
    ),
    disks: full.disks.map(({ capacityBytes, datastore }) => ({
      dataBytes: capacityBytes / 4,
      certainBytes: 0,
      storage: datastore === 'ds-gold' ? 'SSD' : null,
    })),
    dataBytes: full.disks.reduce((sum, { capacityBytes }) => sum + capacityBytes / 4, 0),
    ...changes,
  });
}

function plain(wave: string, name: string, number: number, machine: Partial<VirtualMachine> = {}) {
  const suffix = number.toString(16).padStart(2, '0');
  return planned(wave, {
    name,
    uuid: `420e0000-0000-4000-8000-0000000000${suffix}`,
    cpus: 4,
    coresPerSocket: 2,
    memoryBytes: 8 * GIB,
    powerState: 'on',
    disks: [testDisk({ file: `${name}.vmdk`, datastore: 'ds-gold' })],
    nics: [testNic({ network: 'VLAN 20', mac: `00:50:56:00:01:${suffix}` })],
    ...machine,
  });
}

/** 6 machines, of which the first has everything that a plan can change. */
const FOUNDATION = [
  planned(
    'Foundation',
    {
      name: 'dc01',
      description: 'domain controller',
      ...SERVER_2022,
      firmware: 'efi',
      secureBoot: true,
      virtualTpm: true,
      cpus: 6,
      coresPerSocket: 4,
      memoryBytes: 16 * GIB,
      powerState: 'on',
      placement: {
        datacenter: 'Berlin',
        cluster: 'Prod',
        host: 'esx1',
        folder: 'Servers/Domain',
        resourcePool: null,
        tags: [],
        attributes: {},
      },
      disks: [
        testDisk({ file: 'dc01.vmdk', datastore: 'ds-gold' }),
        testDisk({ file: 'dc01_1.vmdk', capacityBytes: 100 * GIB, unit: 1, mode: 'independent_persistent' }),
      ],
      nics: [
        testNic({ network: 'VLAN 20' }),
        testNic({ network: 'Backup', mac: null, adapter: 'e1000e', connected: false }),
      ],
      startOrder: 1,
      startDelaySeconds: 60,
    },
    [SECURE_BOOT, TOPOLOGY, UNPLUGGED],
    { name: 'dc01-xen', coresPerSocket: 1, startOrder: 2 },
  ),
  ...Array.from({ length: 5 }, (_, index) => plain('Foundation', `infra${index + 1}`, index)),
];

/** 14 machines: one blocked, one with a waived critical concern, one with a waived warning. */
const APPLICATIONS = [
  planned('Applications', { name: 'diskless', disks: [] }, [NO_DISKS]),
  planned(
    'Applications',
    {
      name: 'archive',
      disks: [
        testDisk({ datastore: 'ds-gold' }),
        testDisk({ capacityBytes: 3072 * GIB, datastore: 'ds-bulk' }),
      ],
    },
    [TOO_LARGE],
  ),
  planned('Applications', { name: 'legacy', nics: [testNic({ network: 'VLAN 20' })] }, [
    SNAPSHOTS,
    CHANGE_TRACKING,
  ]),
  ...Array.from({ length: 11 }, (_, index) => plain('Applications', `app${index + 1}`, index + 16)),
];

/** 10 machines: all with the same warning. */
const DESKTOPS = Array.from({ length: 10 }, (_, index) => {
  const machine = plain('Desktops', `desk${index + 1}`, index + 32, {
    ...SERVER_2022,
    firmware: 'efi',
    secureBoot: true,
  });
  return { ...machine, concerns: [SECURE_BOOT] };
});

export const MACHINES = [...FOUNDATION, ...APPLICATIONS, ...DESKTOPS];

/** What an estimate says; two machines at a time, all of them for as long. */
function waveEstimates(
  machines: readonly PlannedMachine[],
  wave: Omit<WaveEstimate, 'machines' | 'bytes' | 'seconds'>,
): { wave: WaveEstimate; machines: MachineEstimate[] } {
  const moved = machines.filter(({ concerns }) => !concerns.includes(NO_DISKS));
  const estimates = moved.map(({ machine }, index) => ({
    machineId: machine.id,
    wave: wave.wave,
    startSeconds: Math.floor(index / 2) * 600,
    seconds: 600,
  }));
  return {
    wave: {
      ...wave,
      machines: moved.length,
      bytes: moved.reduce((sum, { dataBytes }) => sum + dataBytes, 0),
      seconds: Math.ceil(moved.length / 2) * 600,
    },
    machines: estimates,
  };
}

const ESTIMATES = [
  waveEstimates(FOUNDATION, {
    wave: 'Foundation',
    startsAt: '2026-11-27T21:00:00.000Z',
    endsAt: '2026-11-27T21:30:00.000Z',
    windows: 1,
    bottleneck: 'source',
  }),
  waveEstimates(APPLICATIONS, {
    wave: 'Applications',
    startsAt: '2026-11-27T21:30:00.000Z',
    endsAt: '2026-11-28T21:40:00.000Z',
    windows: 2,
    bottleneck: 'window',
  }),
  waveEstimates(DESKTOPS, {
    wave: 'Desktops',
    startsAt: '2026-11-29T08:00:00.000Z',
    endsAt: '2026-11-29T08:50:00.000Z',
    windows: 1,
    bottleneck: 'threads',
  }),
];

const ESTIMATE: Estimate = {
  rates: { sourceMiBps: 400, networkMiBps: 1024, threadMiBps: 150, targetMiBps: 600, secondsPerMachine: 20 },
  limits: { machinesAtOnce: 2, machinesPerHost: 2, machinesPerDatastore: 1, threads: 8, ...NO_PLACE_LIMITS },
  bytes: ESTIMATES.reduce((sum, { wave }) => sum + wave.bytes, 0),
  seconds: ESTIMATES.reduce((sum, { wave }) => sum + wave.seconds, 0),
  bottleneck: 'source',
  waves: ESTIMATES.map(({ wave }) => wave),
  machines: ESTIMATES.flatMap(({ machines }) => machines),
  storage: [
    { storage: 'SSD', bytes: 300 * GIB, freeBytes: 1000 * GIB },
    { storage: 'Bulk', bytes: 800 * GIB, freeBytes: 500 * GIB },
    { storage: null, bytes: 60 * GIB, freeBytes: null },
  ],
  stagingBytes: 12 * GIB,
};

const WEEKEND = {
  name: 'weekend',
  days: ['fri', 'sat'],
  from: '22:00',
  to: '06:00',
  timeZone: 'Europe/Berlin',
} as const;

const ids = (machines: readonly PlannedMachine[]) => machines.map(({ machine }) => machine.id);

/** 30 machines in 3 waves with every kind of concern, and a descriptor that could not be read. */
export const PLAN: Plan = {
  sources: ['/exports/berlin', '/exports/lists/rvtools.xlsx'],
  target: '/srv/xva',
  destination: { kind: 'xva', compression: 'none' },
  guests: { tools: null, luksKeys: [], isolate: false },
  machines: MACHINES,
  waves: [
    { name: 'Foundation', machineIds: ids(FOUNDATION), window: WEEKEND },
    { name: 'Applications', machineIds: ids(APPLICATIONS), window: WEEKEND },
    { name: 'Desktops', machineIds: ids(DESKTOPS), window: null },
  ],
  night: ANY_NIGHT,
  estimate: ESTIMATE,
  unreadable: [
    {
      severity: 'critical',
      code: 'OVF_MALFORMED',
      message: 'the element VirtualSystem is not closed',
      hint: 'Export it again.',
      file: 'broken.ovf',
      line: 12,
      machineId: null,
    },
  ],
  concerns: [
    testConcern({
      id: 'TARGET_NO_SPACE',
      message: 'Bulk needs 800 GiB and has 500 GiB free',
      remedy: 'Make room, or map datastores to another repository.',
    }),
  ],
};

/** A plan of plain machines alone, in one wave, of which nothing is known of the clock. */
export function plainPlan(machines: readonly PlannedMachine[]): Plan {
  const wave = waveEstimates(machines, {
    wave: 'all',
    startsAt: null,
    endsAt: null,
    windows: 1,
    bottleneck: 'target',
  });
  return {
    ...PLAN,
    machines,
    waves: [{ name: 'all', machineIds: ids(machines), window: null }],
    estimate: { ...ESTIMATE, waves: [wave.wave], machines: wave.machines, storage: [], stagingBytes: 0 },
    unreadable: [],
    concerns: [],
  };
}

/** `number` machines as an estate has them, every tenth with a warning. */
export function largePlan(number: number): Plan {
  return plainPlan(
    Array.from({ length: number }, (_, index) => {
      const mac = `00:50:56:00:${hex(index >> 8)}:${hex(index & 255)}`;
      const machine = plain('all', `vm${index}`, 0, { nics: [testNic({ network: 'VLAN 20', mac })] });
      return index % 10 === 0 ? { ...machine, concerns: [SECURE_BOOT] } : machine;
    }),
  );
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
