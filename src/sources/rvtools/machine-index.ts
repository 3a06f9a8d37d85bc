import type { Problem } from '../../model/inventory.js';
import { problemOf } from '../problems.js';

/** What a row says of the machine it belongs to. */
export interface MachineReference {
  readonly name: string | null;
  readonly vmId: string | null;
  readonly vmUuid: string | null;
  /** Of the vCenter: object ids are unique only within one. */
  readonly sdkUuid: string | null;
  readonly host: string | null;
}

const SEVERAL = -1;
const NO_ROWS: readonly never[] = [];

/** Ways to name a machine, the surest first, each with its key; rows of old versions know the last ones only. */
const KEYS: readonly ((reference: MachineReference) => string | null)[] = [
  ({ vmId, sdkUuid }) => joined(vmId, sdkUuid),
  ({ vmId }) => vmId,
  ({ vmUuid, sdkUuid }) => joined(vmUuid, sdkUuid),
  ({ vmUuid }) => vmUuid,
  ({ name, host }) => joined(name, host),
  ({ name }) => name,
];
/** Keys before this one are identifiers: what they do not find is not looked for by name. */
const FIRST_NAME_KEY = 4;

/** Finds the machine a row belongs to. */
export class MachineIndex {
  readonly #maps: readonly ReadonlyMap<string, number>[];

  constructor(machines: readonly MachineReference[]) {
    this.#maps = KEYS.map((keyOf) => {
      const map = new Map<string, number>();
      for (const [index, machine] of machines.entries()) {
        const key = keyOf(machine);
        if (key !== null) map.set(key, map.has(key) ? SEVERAL : index);
      }
      return map;
    });
  }

  /** Its position; `unknown` when the list has no such machine, `several` when it could be one of many. */
  find(row: MachineReference): number | 'unknown' | 'several' {
    let several = false;
    for (const [level, keyOf] of KEYS.entries()) {
      const key = keyOf(row);
      const map = this.#maps[level];
      if (key === null || map === undefined || map.size === 0) continue;
      const found = map.get(key);
      if (found === SEVERAL) several = true;
      else if (found !== undefined) return found;
      else if (level < FIRST_NAME_KEY && !several) return 'unknown';
    }
    return several ? 'several' : 'unknown';
  }
}

/** The rows of a tab by machine. */
export interface GroupedRows<R> {
  /** Those of the machine at a position of the list, in their order. */
  readonly of: (machine: number) => readonly R[];
  readonly problems: readonly Problem[];
}

/** Gives the rows of a tab to their machines; those that have none are told. */
export function groupRows<R extends MachineReference>(
  index: MachineIndex,
  rows: readonly R[],
  { name, file }: { readonly name: string; readonly file: string },
): GroupedRows<R> {
  const groups = new Map<number, R[]>();
  const lost = { unknown: 0, several: 0 };
  const firstLost = { unknown: '', several: '' };
  for (const row of rows) {
    // A total below the list.
    if (row.name === null && row.vmId === null && row.vmUuid === null) continue;
    const found = index.find(row);
    if (typeof found !== 'number') {
      if (lost[found] === 0) firstLost[found] = row.name ?? row.vmId ?? '';
      lost[found] += 1;
      continue;
    }
    const group = groups.get(found);
    if (group === undefined) groups.set(found, [row]);
    else group.push(row);
  }
  const problem = (kind: keyof typeof lost, severity: Problem['severity'], reason: string) => {
    if (lost[kind] === 0) return [];
    const first = JSON.stringify(firstLost[kind].slice(0, 80));
    const message = `tab ${name}: ${lost[kind]} rows ${reason}, first those of ${first}`;
    return [problemOf(severity, 'RVTOOLS_MALFORMED', message, { file, machineId: null })];
  };
  return {
    of: (machine) => groups.get(machine) ?? NO_ROWS,
    problems: [
      ...problem('unknown', 'information', 'belong to no machine of vInfo'),
      ...problem('several', 'warning', 'could belong to several machines of one name and were left out'),
    ],
  };
}

function joined(first: string | null, second: string | null): string | null {
  return first === null || second === null ? null : `${first}\n${second}`;
}
