import { isBlocking, type Plan, type PlannedMachine } from '../../model/plan.js';
import { GIB } from '../../model/units.js';
import { gpuCount, type PlanContext } from './machine-facts.js';

/** What the migration file names and the inventory does not have. */
export interface Unmatched {
  /** Selectors, as text, that fit no machine. */
  readonly selectors: readonly string[];
  /** Entries of `machines`. */
  readonly overrides: readonly string[];
  /** Names in lists. */
  readonly names: readonly string[];
}

interface StorageFacts {
  readonly name: string;
  /** Null where the migration file lists no storage. */
  readonly exists: boolean | null;
  readonly neededBytes: number;
  readonly freeBytes: number | null;
  /** With a disk on it. */
  readonly machines: number;
}

interface NetworkFacts {
  readonly name: string;
  /** Whether a mapping or an override named it for every card. */
  readonly mapped: boolean;
  /** Null where the migration file lists no networks. */
  readonly exists: boolean | null;
  readonly machines: number;
}

interface WaveFacts {
  readonly name: string;
  readonly machines: number;
  /** Null: at any time. */
  readonly window: string | null;
  /** Windows it takes; 1 when it fits the first. */
  readonly windows: number;
  readonly seconds: number;
}

interface Amounts {
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly gpus: number;
}

/** The variable `plan` of rules about the plan as a whole. */
export interface PlanFacts {
  readonly machines: number;
  /** Descriptors that could not be read. */
  readonly unreadable: number;
  /** Machines of which only a list tells. */
  readonly listedOnly: number;
  /** Machines that a critical concern keeps from being moved. */
  readonly blocked: number;
  readonly totals: Amounts & { readonly disks: number; readonly dataBytes: number };
  /** All hosts of the target together; null where the migration file lists none. */
  readonly pool: Amounts | null;
  readonly storage: readonly StorageFacts[];
  readonly networks: readonly NetworkFacts[];
  readonly repeatedNames: readonly { readonly name: string; readonly machines: number }[];
  readonly unmatched: Unmatched;
  readonly waves: readonly WaveFacts[];
}

/** Adds up a plan for its rules. Its machines should have their concerns already. */
export function planFacts(
  { machines, waves, estimate, unreadable }: Pick<Plan, 'machines' | 'waves' | 'estimate' | 'unreadable'>,
  { target, shared }: Pick<PlanContext, 'target' | 'shared'>,
  unmatched: Unmatched,
): PlanFacts {
  return {
    machines: machines.length,
    unreadable: unreadable.length,
    listedOnly: machines.filter(({ machine }) => machine.source.kind === 'rvtools').length,
    blocked: machines.filter(({ concerns }) => concerns.some(isBlocking)).length,
    totals: {
      memoryBytes: sum(machines, ({ machine }) => machine.memoryBytes),
      cpus: sum(machines, ({ machine }) => machine.cpus),
      gpus: sum(machines, ({ machine }) => gpuCount(machine)),
      disks: sum(machines, ({ disks }) => disks.length),
      dataBytes: sum(machines, ({ dataBytes }) => dataBytes),
    },
    pool: target?.hosts === undefined ? null : amountsOf(target.hosts),
    storage: storageFacts(machines, estimate, target?.storage),
    networks: networkFacts(machines, target?.networks),
    repeatedNames: shared.repeatedNames(),
    unmatched,
    waves: waveFacts(waves, estimate),
  };
}

function amountsOf(
  hosts: readonly { readonly memoryGiB: number; readonly cpus: number; readonly gpus: number }[],
): Amounts {
  return {
    memoryBytes: sum(hosts, ({ memoryGiB }) => memoryGiB * GIB),
    cpus: sum(hosts, ({ cpus }) => cpus),
    gpus: sum(hosts, ({ gpus }) => gpus),
  };
}

function storageFacts(
  machines: readonly PlannedMachine[],
  { storage }: Plan['estimate'],
  known: readonly { readonly name: string }[] | undefined,
): StorageFacts[] {
  const users = new Map<string, number>();
  for (const { disks } of machines) {
    for (const name of new Set(disks.map((disk) => disk.storage)))
      if (name !== null) users.set(name, (users.get(name) ?? 0) + 1);
  }
  const names = known === undefined ? null : new Set(known.map(({ name }) => name));
  return storage.flatMap(({ storage: name, bytes, freeBytes }) => {
    if (name === null) return [];
    const exists = names?.has(name) ?? null;
    return [{ name, exists, neededBytes: bytes, freeBytes, machines: users.get(name) ?? 0 }];
  });
}

function networkFacts(
  machines: readonly PlannedMachine[],
  known: readonly { readonly name: string }[] | undefined,
): NetworkFacts[] {
  const found = new Map<string, { mapped: boolean; machines: number }>();
  for (const { nics } of machines) {
    const seen = new Set<string>();
    for (const { network, mapped } of nics) {
      const facts = found.get(network) ?? { mapped: true, machines: 0 };
      facts.mapped &&= mapped;
      if (!seen.has(network)) facts.machines++;
      seen.add(network);
      found.set(network, facts);
    }
  }
  const names = known === undefined ? null : new Set(known.map(({ name }) => name));
  return [...found].map(([name, facts]) => ({ name, exists: names?.has(name) ?? null, ...facts }));
}

function waveFacts(waves: Plan['waves'], { waves: estimates }: Plan['estimate']): WaveFacts[] {
  const estimateOf = new Map(estimates.map((estimate) => [estimate.wave, estimate]));
  return waves.map(({ name, machineIds, window }) => ({
    name,
    machines: machineIds.length,
    window: window?.name ?? null,
    windows: estimateOf.get(name)?.windows ?? 1,
    seconds: estimateOf.get(name)?.seconds ?? 0,
  }));
}

function sum<Item>(items: readonly Item[], amount: (item: Item) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}
