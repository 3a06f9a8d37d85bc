import { XenferryError } from '../../model/errors.js';
import { groupBy } from '../../model/group-by.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';

/** Finds machines by what a migration file may call them. */
export class MachineNames {
  readonly #ids: ReadonlyMap<string, readonly VirtualMachine[]>;
  readonly #names: ReadonlyMap<string, readonly VirtualMachine[]>;
  readonly #uuids: ReadonlyMap<string, readonly VirtualMachine[]>;

  constructor(machines: readonly VirtualMachine[]) {
    this.#ids = groupBy(machines, ({ id }) => id);
    this.#names = groupBy(machines, ({ name }) => name);
    this.#uuids = groupBy(machines, ({ uuid }) => uuid);
  }

  /** All names, without ids and UUIDs. */
  get all(): readonly string[] {
    return [...this.#names.keys()];
  }

  /**
   * By id, name or UUID, in this order; null for none. `place` is where the file has it. Throws CONFIG_INVALID for a name
   * that several machines share.
   */
  find(key: string, place: string): VirtualMachine | null {
    const found = this.#ids.get(key) ?? this.#names.get(key) ?? this.#uuids.get(key.toLowerCase()) ?? [];
    if (found.length < 2) return found[0] ?? null;
    const ids = found.slice(0, 10).map(({ id }) => id);
    throw new XenferryError('CONFIG_INVALID', `${place} names ${found.length} machines`, {
      hint: `Name one of them by its id: ${ids.join(', ')}.`,
    });
  }
}
