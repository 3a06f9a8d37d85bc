import { GIB } from '../../../src/model/units.js';
import type { VirtualMachine } from '../../../src/model/virtual-machine.js';
import type { MachineReport, RunReport } from '../../../src/report/run-report.js';
import { testConcern, testDisk, testMachine, testNic, testPlanned } from '../../support/machines.js';

/** A machine with everything a report can show. */
const VM: VirtualMachine = testMachine({
  id: 'web.ovf',
  name: 'web01',
  description: 'front end',
  uuid: '420e0000-0000-4000-8000-000000000001',
  guestOs: 'ubuntu64Guest',
  firmware: 'efi',
  secureBoot: true,
  cpus: 4,
  coresPerSocket: 2,
  memoryBytes: 8 * GIB,
  disks: [
    testDisk({
      capacityBytes: 40 * GIB,
      format: 'streamOptimized',
      file: 'web-disk1.vmdk',
      controller: 'pvscsi',
      bus: 0,
      unit: 0,
      location: {
        kind: 'files',
        parts: [
          {
            range: { path: '/exports/disk.vmdk', offset: 0, length: 1 },
            name: 'disk.vmdk',
            expectedDigest: { algorithm: 'sha256', hex: 'ab' },
          },
        ],
        compression: null,
      },
    }),
  ],
  nics: [testNic({ network: 'DMZ' }), testNic({ network: 'Backup', mac: null, adapter: 'e1000' })],
  startOrder: 1,
  startDelaySeconds: 30,
  source: { kind: 'ovf', descriptor: 'web.ovf' },
});

/** A machine of a batch; what `change` leaves out is a finished conversion of 10 GiB. */
export function machine(
  state: MachineReport['state'],
  change: Partial<MachineReport> = {},
  vm = VM,
): MachineReport {
  const planned = testPlanned(vm, {
    profile: { id: 'linux', title: 'Linux', limits: ['Network names may change.'] },
    dataBytes: GIB,
    concerns: [testConcern()],
  });
  const disk = { capacityBytes: 40 * GIB, dataBytes: 10 * GIB, digest: 'd1'.repeat(32), manifest: 'sha256' };
  return {
    name: vm.name,
    state,
    rollback: null,
    rolledBackAt: null,
    error: null,
    output: planned.output,
    outputBytes: 11 * GIB,
    waitsFor: null,
    landed: null,
    tries: [],
    notes: [],
    safeBytes: 0,
    planned,
    guest: null,
    disks: [{ file: 'web-disk1.vmdk', ...disk }],
    sourceChanges: [],
    warm: null,
    steps: [
      { name: 'convert', state: 'done', seconds: 100, bytes: 10 * GIB },
      { name: 'verify', state: 'done', seconds: 50, bytes: 10 * GIB },
    ],
    ...change,
  };
}

export const TRUNCATED = machine(
  'failed',
  {
    error: {
      code: 'VMDK_TRUNCATED',
      message: 'the file ends early',
      hint: 'Copy it again.',
      place: { file: 'web-disk1.vmdk', offset: 512 },
    },
    disks: [],
    sourceChanges: [],
    steps: [{ name: 'convert', state: 'running', seconds: null, bytes: 0 }],
  },
  { ...VM, name: 'db01', startOrder: 2 },
);
export const UNREADABLE: MachineReport = {
  name: 'broken.ovf',
  state: 'failed',
  rollback: null,
  rolledBackAt: null,
  error: {
    code: 'OVF_MALFORMED',
    message: 'not closed',
    hint: 'Export it again.',
    place: { file: 'broken.ovf', line: 12 },
  },
  output: null,
  outputBytes: null,
  waitsFor: null,
  landed: null,
  tries: [],
  notes: [],
  safeBytes: 0,
  planned: null,
  guest: null,
  disks: [],
  sourceChanges: [],
  warm: null,
  steps: [],
};

/** A batch of `machines` that took 200 seconds. */
export function report(machines: readonly MachineReport[], change: Partial<RunReport> = {}): RunReport {
  const count = (state: string) => machines.filter((each) => each.state === state).length;
  const [done, failed] = [count('done'), count('failed')];
  const rolledBack = machines.filter(({ rollback }) => rollback === 'done').length;
  const open = machines.length - done - failed - rolledBack;
  const totals = {
    machines: machines.length,
    done,
    failed,
    open,
    rolledBack,
    dataBytes: 10 * GIB,
    outputBytes: 11 * GIB,
  };
  const times = { startedAt: 1_751_659_200_000, finishedAt: 1_751_659_400_000, expectedSeconds: 180 };
  const destination = { kind: 'xva', compression: 'none' } as const;
  return { target: '/srv/xva', destination, sources: ['/exports'], ...times, totals, machines, ...change };
}

/** One machine of each fate. */
export const FULL = report([machine('done'), TRUNCATED, UNREADABLE, machine('cancelled', { steps: [] })]);
