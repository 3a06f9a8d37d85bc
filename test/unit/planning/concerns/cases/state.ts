import type { Snapshot } from '../../../../../src/model/virtual-machine.js';
import { testLive, testMachine, testPlanned } from '../../../../support/machines.js';
import { type CasesById, features } from '../rule-case.js';

const snapshots = (...changes: readonly Partial<Snapshot>[]) => ({
  snapshots: changes.map((change, index) => ({
    name: `state ${index + 1}`,
    createdAt: null,
    withMemory: false,
    ...change,
  })),
});
const uuid = '564d4a10-0000-0000-0000-000000000001';

export const STATE: CasesById = {
  LISTED_ONLY: {
    fires: { vm: { source: { kind: 'rvtools', descriptor: 'estate.xlsx' } }, says: 'estate.xlsx alone' },
    silent: {},
  },
  POWERED_ON: {
    fires: { vm: { powerState: 'on' }, says: 'was running' },
    silent: [{}, { vm: { powerState: 'off' } }, { vm: { powerState: 'on' }, planned: { live: testLive() } }],
  },
  LIVE_RUNNING: {
    fires: {
      vm: { powerState: 'on' },
      planned: { live: testLive({ move: 'warm' }) },
      says: 'when most of its data',
    },
    silent: [
      { vm: { powerState: 'on' } },
      { vm: { powerState: 'off' }, planned: { live: testLive() } },
      { vm: { powerState: 'on' }, planned: { live: testLive({ move: 'copy' }) } },
    ],
  },
  LIVE_COPY: {
    fires: { vm: { powerState: 'on' }, planned: { live: testLive({ move: 'copy' }) }, says: 'of one moment' },
    silent: [{ vm: { powerState: 'on' }, planned: { live: testLive() } }],
  },
  AGENT_MACHINE: {
    fires: { vm: { settings: { 'hdcs.agent': 'true' } }, says: 'made the machine for itself' },
    silent: [{}, { vm: { name: 'vCLSsomething' } }],
  },
  SUSPENDED: {
    fires: { vm: { powerState: 'suspended' }, says: 'is suspended' },
    silent: [{}, { vm: { powerState: 'off' } }],
  },
  TEMPLATE: { fires: { vm: { template: true }, says: 'is a template' }, silent: {} },
  PLACEHOLDER: { fires: { vm: { placeholder: true }, says: 'second site' }, silent: {} },
  ORPHANED: { fires: { vm: { name: 'web (orphaned)' }, says: '"web (orphaned)"' }, silent: {} },
  ENCRYPTED: { fires: { vm: { encrypted: true }, says: 'is encrypted' }, silent: {} },
  SNAPSHOTS: { fires: { vm: snapshots({}, {}), says: '2 snapshots: state 1, state 2.' }, silent: {} },
  SNAPSHOTS_MANY: {
    fires: { vm: snapshots({}, {}, {}, {}), says: '4 snapshots' },
    silent: { vm: snapshots({}, {}, {}) },
  },
  SNAPSHOT_OLD: {
    fires: {
      vm: snapshots({ createdAt: '2026-10-27T00:00:00Z' }),
      about: 'snapshot "state 1"',
      says: 'Taken 31 days ago.',
    },
    silent: [{ vm: snapshots({ createdAt: '2026-10-28T00:00:00Z' }) }, { vm: snapshots({}) }],
  },
  SNAPSHOT_WITH_MEMORY: {
    fires: { vm: snapshots({ withMemory: true }), says: 'memory' },
    silent: { vm: snapshots({}) },
  },
  CONSOLIDATION_NEEDED: {
    fires: { vm: features({ consolidationNeeded: true }), says: 'need consolidation' },
    silent: [{ vm: features({ consolidationNeeded: false }) }, {}],
  },
  NAME_EMPTY: {
    fires: { vm: { name: ' ' }, planned: { output: 'machine.xva' }, says: 'no name' },
    silent: {},
  },
  NAME_DEFAULT: { fires: { vm: { name: 'New Virtual Machine (3)' }, says: '(3)' }, silent: {} },
  NAME_UNUSABLE: {
    fires: { vm: { name: 'web\u0007' }, says: 'control characters' },
    silent: [{}, { vm: { name: 'Büro 1' } }],
  },
  NAME_TOO_LONG: {
    fires: { vm: { name: 'x'.repeat(81) }, says: '81 characters' },
    silent: { vm: { name: 'x'.repeat(80) } },
  },
  NAME_CHANGED: {
    fires: { planned: { name: 'shop' }, says: '"web" is called "shop" at the target.' },
    silent: {},
  },
  FILE_NAME_CHANGED: {
    fires: { vm: { name: 'a/b' }, planned: { output: 'a_b.xva' }, says: '"a/b"' },
    silent: {},
  },
  PLAN_NAME_TAKEN: {
    fires: {
      others: [testPlanned(testMachine({ name: 'WEB', id: 'copy.ovf' }))],
      says: '"web" is also the name of copy.ovf.',
    },
    silent: { others: [testPlanned(testMachine({ name: 'db' }))] },
  },
  UUID_REPEATED: {
    fires: {
      vm: { uuid },
      others: [testPlanned(testMachine({ name: 'copy', uuid }))],
      says: `${uuid} is also that of copy.`,
    },
    silent: [{ vm: { uuid } }, { others: [testPlanned(testMachine({ name: 'copy' }))] }],
  },
};
