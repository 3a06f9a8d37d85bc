import { XenferryError } from '../../model/errors.js';
import { groupBy } from '../../model/group-by.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';
import type { MachineOverrides, Migration } from '../migration-file/schema.js';

/** What the migration file says of single machines, found by name, UUID or id; an id comes before a name. */
export class Overrides {
  readonly #byMachine = new Map<string, MachineOverrides>();
  /** Entries that name no machine. */
  readonly unmatched: readonly string[];

  /** Throws CONFIG_INVALID for a name that several machines share. */
  constructor(overrides: Migration['machines'], machines: readonly VirtualMachine[]) {
    const ids = groupBy(machines, ({ id }) => id);
    const names = groupBy(machines, ({ name }) => name);
    const uuids = groupBy(machines, ({ uuid }) => uuid);
    const unmatched: string[] = [];
    for (const [key, override] of Object.entries(overrides ?? {})) {
      const found = ids.get(key) ?? names.get(key) ?? uuids.get(key.toLowerCase()) ?? [];
      const [machine] = found;
      if (machine === undefined) unmatched.push(key);
      else if (found.length > 1) throw ambiguous(key, found);
      else this.#byMachine.set(machine.id, { ...this.#byMachine.get(machine.id), ...override });
    }
    this.unmatched = unmatched;
  }

  of(machine: VirtualMachine): MachineOverrides {
    return this.#byMachine.get(machine.id) ?? {};
  }
}

function ambiguous(key: string, machines: readonly VirtualMachine[]): XenferryError {
  const ids = machines.slice(0, 10).map(({ id }) => id);
  return new XenferryError('CONFIG_INVALID', `machines.${key} names ${machines.length} machines`, {
    hint: `Name one of them by its id: ${ids.join(', ')}.`,
  });
}
