import type { Inventory, Problem } from '../model/inventory.js';
import type { VirtualMachine } from '../model/virtual-machine.js';
import { mergeFacts } from './merge-facts.js';
import { problemOf } from './problems.js';

export interface NamedInventory {
  /** The source as the operator wrote it. */
  readonly label: string;
  readonly inventory: Inventory;
}

/**
 * Several sources as one. With more than one, the source's label stands before every id, which keeps them unique. A
 * machine that is exported and in a list as well is one: the list adds what the export does not tell. Of two exports of
 * the same machine both stay, with a warning. Costs grow with the number of machines.
 */
export function joinInventories(inventories: readonly NamedInventory[]): Inventory {
  const [only] = inventories;
  if (only !== undefined && inventories.length === 1) return only.inventory;
  const labelled = inventories.map(withLabel);
  const machines = labelled.flatMap((inventory) => inventory.machines);
  const problems = labelled.flatMap((inventory) => inventory.problems);
  const listed = machines.filter(({ source }) => source.kind === 'rvtools');
  const exported = machines.filter(({ source }) => source.kind !== 'rvtools');
  const lookup = new Identities(listed);
  const own = new Identities(exported);
  const used = new Set<VirtualMachine>();
  const conflicts: Problem[] = [];
  const merged = exported.map((machine) => {
    const fact = lookup.find(keysOf(machine).filter((key) => own.find([key]) === machine));
    if (fact === null || used.has(fact)) return machine;
    used.add(fact);
    const { machine: joined, conflict } = mergeFacts(machine, fact);
    if (conflict !== null) conflicts.push(conflict);
    return joined;
  });
  const replaced = new Set([...used].map(({ id }) => id));
  return {
    machines: [...merged, ...listed.filter((machine) => !used.has(machine))],
    problems: [
      // What stood against the list's machine stands against the joined one no more.
      ...problems.filter(({ machineId }) => machineId === null || !replaced.has(machineId)),
      ...conflicts,
      ...repeatedExports(exported),
    ],
  };
}

function withLabel({ label, inventory: { machines, problems } }: NamedInventory): Inventory {
  const id = (relative: string) => `${label}:${relative}`;
  return {
    machines: machines.map((machine) => ({ ...machine, id: id(machine.id) })),
    problems: problems.map((problem) => ({
      ...problem,
      file: id(problem.file),
      machineId: problem.machineId === null ? null : id(problem.machineId),
    })),
  };
}

/** Machines by what identifies them, strongest first. */
class Identities {
  readonly #byKey = new Map<string, VirtualMachine | null>();

  constructor(machines: readonly VirtualMachine[]) {
    for (const machine of machines) {
      // What two machines share identifies neither.
      for (const key of keysOf(machine)) this.#byKey.set(key, this.#byKey.has(key) ? null : machine);
    }
  }

  find(keys: readonly string[]): VirtualMachine | null {
    for (const key of keys) {
      const found = this.#byKey.get(key);
      if (found !== undefined && found !== null) return found;
    }
    return null;
  }
}

function keysOf({ instanceUuid, server, objectId, uuid, name }: VirtualMachine): string[] {
  return [
    ...(instanceUuid === null ? [] : [`instance ${instanceUuid}`]),
    ...(server === null || objectId === null ? [] : [`object ${server} ${objectId}`]),
    ...(uuid === null ? [] : [`uuid ${uuid} ${name}`]),
    `name ${name}`,
  ];
}

/** Clones have a UUID in common, so the name counts as well. */
function repeatedExports(exported: readonly VirtualMachine[]): Problem[] {
  const first = new Map<string, VirtualMachine>();
  return exported.flatMap((machine) => {
    if (machine.uuid === null) return [];
    const key = `${machine.uuid} ${machine.name}`;
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, machine);
      return [];
    }
    const message = `the same machine was exported twice: ${other.id} has its name and UUID as well`;
    return [
      problemOf('warning', 'SOURCE_DUPLICATE', message, {
        file: machine.source.descriptor,
        machineId: machine.id,
      }),
    ];
  });
}
