import type { PlannedMachine, PlannedWave } from '../model/plan.js';
import type { VirtualMachine } from '../model/virtual-machine.js';
import type { MigrationWindow } from '../model/window.js';
import type { MachineOverrides, Migration } from './migration-file/schema.js';
import { windowOf } from './migration-file/windows.js';
import { compileSelector, type MachineList } from './selection/index.js';

/** The wave of a machine in a migration without waves. */
const ONLY_WAVE = 'all';

/** A migration's waves, made ready to be asked for every machine. */
export class Waves {
  readonly #waves: readonly {
    readonly name: string;
    readonly window: MigrationWindow | null;
    readonly fits: (machine: VirtualMachine) => boolean;
  }[];

  /** Throws CONFIG_INVALID for a window that does not exist or whose time zone does not. */
  constructor({ waves, windows = {} }: Migration, lists: ReadonlyMap<string, MachineList>) {
    this.#waves = (waves ?? [{ name: ONLY_WAVE }]).map(({ name, machines = [], window }) => {
      const selectors = machines.map((selector) => compileSelector(selector, lists));
      return {
        name,
        window: window === undefined ? null : windowOf(window, windows),
        fits: (machine) => selectors.some(({ fits }) => fits(machine)),
      };
    });
  }

  /** The first wave that names the machine, or the last one. */
  of(machine: VirtualMachine, { wave }: MachineOverrides): string {
    return wave ?? (this.#waves.find(({ fits }) => fits(machine)) ?? this.#waves.at(-1))?.name ?? ONLY_WAVE;
  }

  /**
   * All waves with their machines: what starts first comes first, then what has most to move, so that no large machine
   * is left over at the end.
   */
  plan(machines: readonly PlannedMachine[]): PlannedWave[] {
    const members = new Map<string, PlannedMachine[]>(this.#waves.map(({ name }) => [name, []]));
    for (const planned of machines) members.get(planned.wave)?.push(planned);
    return this.#waves.map(({ name, window }) => ({
      name,
      window,
      machineIds: (members.get(name) ?? []).toSorted(takenBefore).map(({ machine }) => machine.id),
    }));
  }
}

function takenBefore(a: PlannedMachine, b: PlannedMachine): number {
  const [first, second] = [a.startOrder ?? Number.MAX_VALUE, b.startOrder ?? Number.MAX_VALUE];
  if (first !== second) return first - second;
  if (a.dataBytes !== b.dataBytes) return b.dataBytes - a.dataBytes;
  return a.machine.id < b.machine.id ? -1 : 1;
}
