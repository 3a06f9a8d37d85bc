import type { VirtualMachine } from '../../model/virtual-machine.js';
import type { Migration } from '../migration-file/schema.js';
import { keysOf, type MachineList } from './machine-lists.js';
import { Overrides } from './overrides.js';
import { type CompiledSelector, compileSelector } from './selector.js';

export interface Selection {
  readonly machines: readonly VirtualMachine[];
  readonly overrides: Overrides;
  /** What fits no machine. */
  readonly unmatched: {
    readonly selectors: readonly string[];
    readonly overrides: readonly string[];
    readonly names: readonly string[];
  };
}

/**
 * The machines that a migration takes: those that fit any part of `select`, none of `exclude`, and are not skipped.
 * Throws CONFIG_INVALID for a selector that makes no sense and an override that names several machines.
 */
export function selectMachines(
  machines: readonly VirtualMachine[],
  migration: Migration,
  lists: ReadonlyMap<string, MachineList>,
): Selection {
  const overrides = new Overrides(migration.machines, machines);
  const select = migration.select?.map((selector) => compileSelector(selector, lists)) ?? null;
  const exclude = (migration.exclude ?? []).map((selector) => compileSelector(selector, lists));
  const used = new Set<CompiledSelector>();
  const fitsAny = (selectors: readonly CompiledSelector[], machine: VirtualMachine) => {
    // All are asked, so that each knows whether it names anything.
    const fitting = selectors.filter(({ fits }) => fits(machine));
    for (const selector of fitting) used.add(selector);
    return fitting.length > 0;
  };
  const taken = machines.filter((machine) => {
    const wanted = select === null || fitsAny(select, machine);
    const unwanted = fitsAny(exclude, machine);
    return wanted && !unwanted && overrides.of(machine).skip !== true;
  });
  const known = new Set(machines.flatMap(keysOf));
  return {
    machines: taken,
    overrides,
    unmatched: {
      selectors: [...(select ?? []), ...exclude].filter((one) => !used.has(one)).map(({ text }) => text),
      overrides: overrides.unmatched,
      names: [...lists.values()].flatMap((list) => list.unknown(known)),
    },
  };
}
