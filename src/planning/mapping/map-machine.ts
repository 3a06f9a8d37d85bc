import { compileGlob } from '../../guests/profiles/index.js';
import type { FixupMode, HaPriority, PlannedNic } from '../../model/plan.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';
import type { MachineOverrides, Migration } from '../migration-file/schema.js';
import { usableName } from './usable-name.js';

/** What the mappings make of a machine. */
export interface MappedMachine {
  readonly name: string;
  /** Null: the guest decides. */
  readonly profileId: string | null;
  readonly nics: readonly PlannedNic[];
  /** Storage repository of each disk; null where nothing names one. */
  readonly storages: readonly (string | null)[];
  readonly coresPerSocket: number;
  readonly startOrder: number | null;
  readonly startDelaySeconds: number;
  readonly haPriority: HaPriority | null;
  readonly gpuGroup: string | null;
  readonly pci: readonly string[];
  readonly homeHost: string | null;
  readonly fixups: FixupMode;
}

type MappingParts = Pick<Migration, 'networks' | 'storage' | 'profiles' | 'fixups'>;

/** A migration's mappings, made ready to be asked for every machine. */
export class Mappings {
  readonly #networks: Mapping;
  readonly #storage: Mapping;
  readonly #profiles: Mapping;
  readonly #fixups: FixupMode;

  constructor({ networks, storage, profiles, fixups = 'auto' }: MappingParts) {
    this.#networks = new Mapping(networks);
    this.#storage = new Mapping(storage);
    this.#profiles = new Mapping(profiles);
    this.#fixups = fixups;
  }

  /** What one machine's own entry says comes before the mappings; where neither says, its source decides. */
  map(machine: VirtualMachine, own: MachineOverrides): MappedMachine {
    const { cpus, coresPerSocket } = machine;
    return {
      name: usableName(own.targetName ?? machine.name),
      profileId: own.profile ?? this.#profiles.find(machine.guestOs),
      nics: machine.nics.map((nic, index) => {
        const { network, mac } = own.nics?.[index] ?? {};
        const mapped = network ?? own.network ?? this.#networks.find(nic.network);
        return {
          network: mapped ?? nic.network,
          mapped: mapped !== null,
          mac: mac === 'new' ? null : (mac?.toLowerCase() ?? nic.mac),
        };
      }),
      storages: machine.disks.map(
        ({ datastore }, index) =>
          own.disks?.[index]?.storage ?? own.storage ?? this.#storage.find(datastore ?? ''),
      ),
      // A pool refuses a topology that does not come out even.
      coresPerSocket: cpus % coresPerSocket === 0 ? coresPerSocket : 1,
      startOrder: own.startOrder ?? machine.startOrder,
      startDelaySeconds: own.startDelaySeconds ?? machine.startDelaySeconds,
      haPriority: own.haPriority ?? null,
      gpuGroup: own.gpuGroup ?? null,
      pci: own.pci ?? [],
      homeHost: own.homeHost ?? null,
      fixups: own.fixups ?? this.#fixups,
    };
  }
}

/** Patterns in their order, each name looked up once. */
class Mapping {
  readonly #entries: readonly { readonly fits: (text: string) => boolean; readonly to: string }[];
  readonly #found = new Map<string, string | null>();

  constructor(entries: Migration['networks'] = []) {
    this.#entries = entries.map(({ from, to }) => ({ fits: compileGlob(from), to }));
  }

  find(name: string): string | null {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const found = this.#entries.find(({ fits }) => fits(name))?.to ?? null;
    this.#found.set(name, found);
    return found;
  }
}
