import { XenferryError } from '../../model/errors.js';
import type { PlannedMachine } from '../../model/plan.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';
import { didYouMean } from '../did-you-mean.js';
import type { MachineOverrides, Migration } from '../migration-file/schema.js';
import { MachineNames } from '../selection/index.js';

/** What of a planned machine says when its turn is. */
export type Turn = Pick<PlannedMachine, 'priority' | 'after' | 'deadline'>;

/** Says whose turn it is, for every machine of a migration. */
export class Turns {
  readonly #waves: ReadonlyMap<string, NonNullable<Migration['waves']>[number]>;
  readonly #names: MachineNames;
  readonly #taken: ReadonlySet<string>;

  /** `machines` are all there are, `taken` those that are moved. */
  constructor(
    { waves = [] }: Pick<Migration, 'waves'>,
    machines: readonly VirtualMachine[],
    taken: readonly VirtualMachine[],
  ) {
    this.#waves = new Map(waves.map((wave) => [wave.name, wave]));
    this.#names = new MachineNames(machines);
    this.#taken = new Set(taken.map(({ id }) => id));
  }

  /**
   * What the machine's own entry says comes before what its wave says. Throws CONFIG_INVALID for one that comes after a
   * machine that is not there, that is not moved, or whose name several have.
   */
  of(machine: VirtualMachine, own: MachineOverrides, waveName: string): Turn {
    const wave = this.#waves.get(waveName);
    return {
      priority: own.priority ?? wave?.priority ?? 0,
      deadline: own.deadline ?? wave?.deadline ?? null,
      after: [...new Set((own.after ?? []).map((key) => this.#idOf(key, machine)))],
    };
  }

  #idOf(key: string, { name }: VirtualMachine): string {
    const place = `machines.${name}.after: ${JSON.stringify(key)}`;
    const other = this.#names.find(key, place);
    if (other === null) {
      throw new XenferryError('CONFIG_INVALID', `${place} is no machine${didYouMean(key, this.#names.all)}`, {
        hint: 'Name a machine of the sources by its name, UUID or id.',
      });
    }
    if (this.#taken.has(other.id)) return other.id;
    throw new XenferryError('CONFIG_INVALID', `${place} is not moved`, {
      hint: 'Select that machine as well, or take it out of after.',
    });
  }
}
