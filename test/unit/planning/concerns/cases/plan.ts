import { GIB } from '../../../../../src/model/units.js';
import { type CasesById, NO_PLAN } from '../rule-case.js';

const unmatched = NO_PLAN.unmatched;
const totals = NO_PLAN.totals;
const pool = { memoryBytes: 64 * GIB, cpus: 16, gpus: 1 };
const wave = { name: 'first', machines: 3, window: 'nights', windows: 1, seconds: 600 };
const storage = (neededGiB: number) => ({
  storage: [{ name: 'SR 1', exists: true, neededBytes: neededGiB * GIB, freeBytes: 100 * GIB, machines: 2 }],
});

export const PLAN: CasesById = {
  PLAN_NO_MACHINES: {
    fires: { plan: { machines: 0 }, says: 'No machine was found' },
    silent: [{}, { plan: { machines: 0, unreadable: 1 } }],
  },
  MACHINES_UNREADABLE: {
    fires: { plan: { unreadable: 2 }, says: '2 descriptors could not be read.' },
    silent: {},
  },
  MACHINES_LISTED_ONLY: {
    fires: { plan: { machines: 9, listedOnly: 1 }, says: '1 machine of 9 known from lists only.' },
    silent: {},
  },
  MACHINES_BLOCKED: {
    fires: { plan: { machines: 9, blocked: 2 }, says: '2 machines of 9 with critical concerns.' },
    silent: {},
  },
  SELECTOR_UNMATCHED: {
    fires: {
      plan: { unmatched: { ...unmatched, selectors: ['name: db*'] } },
      about: 'name: db*',
      says: '"name: db*"',
    },
    silent: {},
  },
  OVERRIDE_UNMATCHED: {
    fires: {
      plan: { unmatched: { ...unmatched, overrides: ['db'] } },
      about: 'db',
      says: 'No machine is called "db".',
    },
    silent: {},
  },
  LISTED_NAME_UNMATCHED: {
    fires: {
      plan: { unmatched: { ...unmatched, names: ['mail'] } },
      about: 'mail',
      says: '"mail" of the list',
    },
    silent: {},
  },
  NAMES_REPEATED: {
    fires: {
      plan: { repeatedNames: [{ name: 'web', machines: 2 }] },
      says: '"web" (2 machines): the same name.',
    },
    silent: {},
  },
  STORAGE_SHORT: {
    fires: {
      plan: storage(101),
      about: 'SR 1',
      says: 'SR 1 has 100 GiB free; the disks of 2 machines may need 101 GiB.',
    },
    silent: [
      { plan: storage(100) },
      { plan: { storage: [{ name: 'SR 1', exists: null, neededBytes: GIB, freeBytes: null, machines: 1 }] } },
    ],
  },
  STORAGE_TIGHT: {
    fires: { plan: storage(91), says: '91 GiB of the 100 GiB free on SR 1 may be needed.' },
    silent: [{ plan: storage(90) }, { plan: storage(101) }],
  },
  MEMORY_SHORT: {
    fires: {
      plan: { pool, totals: { ...totals, memoryBytes: 65 * GIB } },
      says: 'have 65 GiB of memory together, the hosts 64 GiB.',
    },
    silent: [
      { plan: { pool, totals: { ...totals, memoryBytes: 64 * GIB } } },
      { plan: { totals: { ...totals, memoryBytes: 65 * GIB } } },
    ],
  },
  MEMORY_TIGHT: {
    fires: {
      plan: { pool, totals: { ...totals, memoryBytes: 60 * GIB } },
      says: "60 GiB of the hosts' 64 GiB",
    },
    silent: { plan: { pool, totals: { ...totals, memoryBytes: 51 * GIB } } },
  },
  CPUS_OVERCOMMITTED: {
    fires: { plan: { pool, totals: { ...totals, cpus: 65 } }, says: 'have 65 CPUs, the hosts 16.' },
    silent: { plan: { pool, totals: { ...totals, cpus: 64 } } },
  },
  GPUS_SHORT: {
    fires: { plan: { pool, totals: { ...totals, gpus: 2 } }, says: 'have 2 GPUs, the hosts 1.' },
    silent: [
      { plan: { pool, totals: { ...totals, gpus: 1 } } },
      { plan: { totals: { ...totals, gpus: 2 } } },
    ],
  },
  NETWORKS_MISSING: {
    fires: {
      plan: { networks: [{ name: 'VLAN 12', mapped: true, exists: false, machines: 40 }] },
      says: 'no network "VLAN 12", which 40 machines will need.',
    },
    silent: [
      { plan: { networks: [{ name: 'VLAN 12', mapped: true, exists: true, machines: 40 }] } },
      { plan: { networks: [{ name: 'VLAN 12', mapped: true, exists: null, machines: 40 }] } },
    ],
  },
  WAVE_OVER_WINDOW: {
    fires: { plan: { waves: [{ ...wave, windows: 3 }] }, says: 'Wave "first" takes 3 windows nights.' },
    silent: { plan: { waves: [wave] } },
  },
  WAVE_EMPTY: {
    fires: { plan: { waves: [{ ...wave, machines: 0 }] }, says: 'to wave "first"' },
    silent: [{ plan: { waves: [wave] } }, { plan: { machines: 0, waves: [{ ...wave, machines: 0 }] } }],
  },
};
