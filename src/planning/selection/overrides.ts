import type { VirtualMachine } from '../../model/virtual-machine.js';
import type { MachineOverrides, Migration } from '../migration-file/schema.js';
import { MachineNames } from './machine-names.js';

/** What the migration file says of single machines, found by name, UUID or id; an id comes before a name. */
export class Overrides {
  readonly #byMachine = new Map<string, MachineOverrides>();
  /** Entries that name no machine. */
  readonly unmatched: readonly string[];

  /** Throws CONFIG_INVALID for a name that several machines share. */
  constructor(overrides: Migration['machines'], machines: readonly VirtualMachine[]) {
    const names = new MachineNames(machines);
    const unmatched: string[] = [];
    for (const [key, override] of Object.entries(overrides ?? {})) {
      const machine = names.find(key, `machines.${key}`);
      if (machine === null) unmatched.push(key);
      else this.#byMachine.set(machine.id, { ...this.#byMachine.get(machine.id), ...override });
    }
    this.unmatched = unmatched;
  }

  of(machine: VirtualMachine): MachineOverrides {
    return this.#byMachine.get(machine.id) ?? {};
  }
}
