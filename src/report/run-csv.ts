import { GIB } from '../model/units.js';
import { type Cell, csvTable, decimal } from './csv-table.js';
import type { MachineReport, RunReport } from './run-report.js';
import { sourceChangeState } from './source-change-state.js';

const ROLLBACK_STATES = { begun: 'rolling back', done: 'rolled back' } as const;

/** Heads and contents of the columns. Heads and their order stay the same from release to release. */
const COLUMNS: readonly (readonly [head: string, of: (machine: MachineReport) => Cell])[] = [
  ['name', ({ name }) => name],
  ['state', ({ state, rollback }) => (rollback === null ? state : ROLLBACK_STATES[rollback])],
  ['guest', ({ planned }) => planned?.profile.title ?? null],
  ['wave', ({ planned }) => planned?.wave ?? null],
  ['disks', ({ disks }) => disks.length],
  ['capacity_gib', ({ disks }) => gib(disks.map(({ capacityBytes }) => capacityBytes))],
  ['data_gib', ({ disks }) => gib(disks.map(({ dataBytes }) => dataBytes ?? 0))],
  ['output_gib', ({ outputBytes }) => gib([outputBytes ?? 0])],
  ['seconds', ({ steps }) => decimal(steps.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0))],
  ['output', ({ output }) => output],
  ['uuid', ({ landed }) => landed],
  ['error_code', ({ error }) => error?.code ?? null],
  ['error', ({ error }) => error?.message ?? null],
  ['hint', ({ error }) => error?.hint ?? null],
  ['digests', ({ disks }) => disks.map(({ digest }) => digest ?? '').join(' ')],
  [
    'source_changes',
    ({ sourceChanges }) =>
      sourceChanges.map((change) => `${change.kind} ${sourceChangeState(change)}`).join('; '),
  ],
  [
    'rolled_back',
    ({ rolledBackAt }) => (rolledBackAt === null ? null : new Date(rolledBackAt).toISOString()),
  ],
  ['passes', ({ warm }) => warm?.passes.length ?? null],
  ['passes_gib', ({ warm }) => (warm === null ? null : gib(warm.passes.map(({ bytes }) => bytes)))],
  ['downtime_ms', ({ warm }) => warm?.downtimeMs ?? null],
  ['downtime_started_ms', ({ warm }) => warm?.startedMs ?? null],
];

/** What a batch did as a table with a row per machine, in the form of the plan's. */
export function runCsv({ machines }: RunReport): string {
  return csvTable(
    COLUMNS.map(([head]) => head),
    machines.map((machine) => COLUMNS.map(([, of]) => of(machine))),
  );
}

function gib(sizes: readonly number[]): number {
  return decimal(sizes.reduce((sum, bytes) => sum + bytes, 0) / GIB);
}
