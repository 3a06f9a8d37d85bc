import type { Plan } from '../../model/plan.js';
import { GIB, MIB } from '../../model/units.js';
import { type Cell, csvTable, decimal } from '../csv-table.js';
import { type MachineSummary, planSummary } from './summary.js';

const BETWEEN = '; ';

/** Heads and contents of the columns. Heads and their order stay the same from release to release; see docs/plan.md. */
const COLUMNS: readonly (readonly [head: string, of: (machine: MachineSummary) => Cell])[] = [
  ['id', ({ planned: { machine } }) => machine.id],
  ['name', ({ planned: { machine } }) => machine.name],
  ['target_name', ({ planned }) => planned.name],
  ['source', ({ planned: { machine } }) => machine.source.descriptor],
  ['folder', ({ planned: { machine } }) => machine.placement.folder],
  ['power_state', ({ planned: { machine } }) => machine.powerState],
  ['guest', ({ planned: { machine } }) => machine.guestOs],
  ['profile', ({ planned }) => planned.profile.id],
  ['cpus', ({ planned: { machine } }) => machine.cpus],
  ['memory_mib', ({ planned: { machine } }) => decimal(machine.memoryBytes / MIB)],
  ['firmware', ({ planned: { machine } }) => machine.firmware],
  ['secure_boot', ({ planned: { machine } }) => (machine.secureBoot ? 'yes' : 'no')],
  ['disks', ({ planned: { machine } }) => machine.disks.length],
  ['capacity_gib', ({ capacityBytes }) => decimal(capacityBytes / GIB)],
  ['data_gib', ({ planned }) => decimal(planned.dataBytes / GIB)],
  ['nics', ({ planned: { machine } }) => machine.nics.length],
  ['networks', networks],
  ['storage', storage],
  ['wave', ({ planned }) => planned.wave],
  ['start_order', ({ planned }) => planned.startOrder],
  ['estimated_start', ({ startsAt }) => startsAt],
  ['minutes', ({ estimate }) => (estimate === null ? null : decimal(estimate.seconds / 60))],
  ['verdict', ({ verdict }) => verdict],
  ['critical', ({ concerns }) => concerns.critical],
  ['warnings', ({ concerns }) => concerns.warning],
  ['information', ({ concerns }) => concerns.information],
  ['concerns', concernIds],
  ['output', ({ planned }) => planned.output],
  ['source_changes', ({ planned: { live } }) => live?.changes.join(BETWEEN) ?? null],
];

/** The plan as a table with a row per machine. */
export function planCsv(plan: Plan): string {
  const rows = planSummary(plan).machines.map((machine) => COLUMNS.map(([, of]) => of(machine)));
  return csvTable(
    COLUMNS.map(([head]) => head),
    rows,
  );
}

function networks({ planned: { machine, nics } }: MachineSummary): string {
  return machine.nics
    .map(({ network }, index) => `${network} -> ${nics[index]?.network ?? network}`)
    .join(BETWEEN);
}

/** Each way once; a question mark stands for a datastore that the source does not tell. */
function storage({ planned: { machine, disks } }: MachineSummary): string {
  const ways = machine.disks.map(
    ({ datastore }, index) => `${datastore ?? '?'} -> ${disks[index]?.storage ?? 'folder'}`,
  );
  return [...new Set(ways)].join(BETWEEN);
}

function concernIds({ planned: { concerns } }: MachineSummary): string {
  const ids = concerns.map(({ id, waived }) => (waived === null ? id : `${id} (waived)`));
  return [...new Set(ids)].join(BETWEEN);
}
