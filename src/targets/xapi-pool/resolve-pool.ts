import type { Profile } from '../../guests/profiles/index.js';
import { ERROR_CATALOG, type ErrorCode } from '../../model/error-catalog.js';
import { formatBytes } from '../../model/format.js';
import type { Severity } from '../../model/inventory.js';
import type { Concern, PlannedMachine } from '../../model/plan.js';
import { NULL_REF, type Ref, type VmRecord } from '../../xapi/index.js';
import { findNetworks, findStorage, findTemplate } from './find-objects.js';
import type { PoolView } from './pool-view.js';
import { freeBytes, takenBytes } from './storage-space.js';

/** Where in the pool a machine goes. A reference is null's where a concern says what is missing. */
export interface MachinePlacement {
  /** Repositories, in the order of the machine's disks. */
  readonly storage: readonly Ref[];
  /** Networks, in the order of the machine's network cards. */
  readonly networks: readonly Ref[];
  /** Whose settings for people and tools the VM takes over. */
  readonly template: VmRecord | null;
}

export interface ResolvedPool {
  /** By the machine's id. */
  readonly placements: ReadonlyMap<string, MachinePlacement>;
  /** By the machine's id; only machines that have any. */
  readonly concerns: ReadonlyMap<string, readonly Concern[]>;
  /** About the repositories. */
  readonly poolConcerns: readonly Concern[];
  /** Names of networks that the pool does not have. */
  readonly missingNetworks: readonly string[];
}

/** Finds what the planned machines need in the pool. `profiles` are those the plan was made with. */
export function resolvePool(
  machines: readonly PlannedMachine[],
  profiles: readonly Profile[],
  view: PoolView,
): ResolvedPool {
  const byId = new Map(profiles.map((profile) => [profile.id, profile]));
  const networks = remembered((name: string) => findNetworks(view, name));
  const storage = remembered((name: string | null) => findStorage(view, name));
  const templates = remembered((profile: Profile) => findTemplate(view, profile));
  const space = new SpaceCount(view);
  const placements = new Map<string, MachinePlacement>();
  const concerns = new Map<string, Concern[]>();
  const missing = new Set<string>();
  for (const planned of machines) {
    const found: Concern[] = [];
    const profile = byId.get(planned.profile.id);
    const template = profile === undefined ? null : templates(profile);
    if (template === null) found.push(noTemplate(planned));
    const placement: MachinePlacement = {
      template,
      storage: planned.disks.map(({ storage: name }, index) => {
        const refs = storage(name);
        if (refs.length !== 1) found.push(notOne(refs, STORAGE, name, `disk ${index}`));
        return refs[0] ?? NULL_REF;
      }),
      networks: planned.nics.map(({ network, mac }, index) => {
        const refs = networks(network);
        if (refs.length === 0) missing.add(network);
        if (refs.length !== 1) found.push(notOne(refs, NETWORK, network, `network card ${index}`));
        const other = mac === null ? undefined : view.macs.get(mac.toLowerCase());
        if (other !== undefined) found.push(macInUse(mac ?? '', other, index));
        return refs[0] ?? NULL_REF;
      }),
    };
    space.add(planned, placement);
    placements.set(planned.machine.id, placement);
    if (found.length > 0) concerns.set(planned.machine.id, found);
  }
  return { placements, concerns, poolConcerns: space.concerns(), missingNetworks: [...missing] };
}

/** What all queued machines together take of each repository. */
class SpaceCount {
  readonly #view: PoolView;
  readonly #taken = new Map<Ref, { certain: number; likely: number }>();

  constructor(view: PoolView) {
    this.#view = view;
  }

  add({ machine, disks }: PlannedMachine, { storage }: MachinePlacement): void {
    for (const [index, ref] of storage.entries()) {
      const record = this.#view.storage.get(ref)?.record;
      const [disk, planned] = [machine.disks[index], disks[index]];
      if (record === undefined || disk === undefined || planned === undefined) continue;
      const sum = this.#taken.get(ref) ?? { certain: 0, likely: 0 };
      sum.certain += takenBytes(record, disk.capacityBytes, planned.certainBytes);
      sum.likely += takenBytes(record, disk.capacityBytes, planned.dataBytes);
      this.#taken.set(ref, sum);
    }
  }

  concerns(): Concern[] {
    return [...this.#taken].flatMap(([ref, { certain, likely }]): Concern[] => {
      const record = this.#view.storage.get(ref)?.record;
      if (record === undefined || likely <= freeBytes(record)) return [];
      const free = freeBytes(record);
      const message = `${record.name_label} has ${formatBytes(free)} free; the machines take up to ${formatBytes(likely)}`;
      return [concern('POOL_NO_SPACE', certain > free ? 'critical' : 'warning', record.name_label, message)];
    });
  }
}

interface Kind {
  readonly missing: ErrorCode;
  readonly noun: string;
}

const STORAGE: Kind = { missing: 'POOL_STORAGE_MISSING', noun: 'storage repository' };
const NETWORK: Kind = { missing: 'POOL_NETWORK_MISSING', noun: 'network' };

function notOne(refs: readonly Ref[], { missing, noun }: Kind, name: string | null, about: string): Concern {
  const called = name === null ? `default ${noun}` : `${noun} ${name}`;
  return refs.length === 0
    ? concern(missing, 'critical', about, `the pool has no usable ${called}`)
    : concern('POOL_AMBIGUOUS', 'critical', about, `the pool has ${refs.length} of the name: ${called}`);
}

function macInUse(mac: string, other: string, index: number): Concern {
  const message = `${other} in the pool has the address ${mac} as well`;
  return concern('PLAN_DUPLICATE_MAC', 'warning', `network card ${index}`, message);
}

function noTemplate({ profile }: PlannedMachine): Concern {
  const message = `the pool has no template for ${profile.title}`;
  return concern('POOL_TEMPLATE_MISSING', 'information', null, message);
}

function concern(id: ErrorCode, severity: Severity, about: string | null, message: string): Concern {
  const remedy = ERROR_CATALOG[id].hint;
  return { id, severity, about, message, remedy, fix: null, waivable: false, waived: null };
}

function remembered<K, V>(find: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.get(key);
    if (value !== undefined) return value;
    const found = find(key);
    known.set(key, found);
    return found;
  };
}
