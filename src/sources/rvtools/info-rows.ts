import type { Problem } from '../../model/inventory.js';
import { problemOf } from '../problems.js';
import type { ReadTab, Row } from './read-tab.js';
import type { VINFO } from './tabs.js';

export type InfoRow = Row<(typeof VINFO)['columns']>;

export interface ListedMachine {
  readonly row: InfoRow;
  /** Custom attributes by name. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Below the machines some scripts repeat the heading (`VM`) or add a sum; neither has a power state. */
const NO_MACHINE = /^(?:vm|(?:sub|grand )?totals?:?|sum(?:me)?:?|gesamt:?)$/i;

/**
 * The machines of vInfo without the rows that are none. One that is listed twice, as where two exports were put
 * together, counts once; a machine without an object id is never taken for another one.
 */
export function distinctMachines(
  { rows, extras }: Pick<ReadTab<(typeof VINFO)['columns']>, 'rows' | 'extras'>,
  file: string,
): { readonly machines: readonly ListedMachine[]; readonly problems: readonly Problem[] } {
  const seen = new Set<string>();
  const machines: ListedMachine[] = [];
  const dropped = { nameless: 0, repeated: 0 };
  for (const [index, row] of rows.entries()) {
    const key = keyOf(row);
    if (row.name === null) dropped.nameless += 1;
    else if (key !== null && seen.has(key)) dropped.repeated += 1;
    else if (!isNoMachine(row)) machines.push({ row, attributes: extras[index] ?? {} });
    if (key !== null) seen.add(key);
  }
  const about = { file, machineId: null };
  const problems = [
    { count: dropped.nameless, reason: 'have no name' },
    { count: dropped.repeated, reason: 'repeat a machine' },
  ].flatMap(({ count, reason }) =>
    count === 0
      ? []
      : [
          problemOf(
            'warning',
            'RVTOOLS_MALFORMED',
            `tab vInfo: ${count} rows ${reason} and were left out`,
            about,
          ),
        ],
  );
  return { machines, problems };
}

function keyOf({ vmId, sdkUuid, sdkServer, vmUuid }: InfoRow): string | null {
  return vmId === null ? null : `${sdkUuid ?? sdkServer ?? vmUuid ?? ''}\n${vmId}`;
}

function isNoMachine({ name, powerState, vmId }: InfoRow): boolean {
  const hasState = /^(?:powered|suspended)/i.test(powerState ?? '');
  return !hasState && !/^vm-/i.test(vmId ?? '') && NO_MACHINE.test(name ?? '');
}
