import type { Profile } from '../../guests/profiles/index.js';
import type { ErrorCode } from '../../model/error-catalog.js';
import { formatBytes } from '../../model/format.js';
import type { Concern, PlannedMachine } from '../../model/plan.js';
import { NULL_REF, type Ref } from '../../xapi/index.js';
import { findNamed, findNetworks, findTemplate } from './find-objects.js';
import { findStorage, holds } from './find-storage.js';
import type { MachinePlacement } from './machine-placement.js';
import { poolConcern } from './pool-concern.js';
import type { Named, PoolView } from './pool-view.js';
import { missingRoles } from './privileged-settings.js';
import { SpaceCount } from './space-count.js';

export interface ResolvedPool {
  /** By the machine's id. */
  readonly placements: ReadonlyMap<string, MachinePlacement>;
  /** By the machine's id; only machines that have any. */
  readonly concerns: ReadonlyMap<string, readonly Concern[]>;
  /** About the repositories. */
  readonly poolConcerns: readonly Concern[];
}

/**
 * Finds what the planned machines need in the pool, in their order: who comes first has the choice where the plan asks
 * for the repository with the most free space. `profiles` are those the plan was made with.
 */
export function resolvePool(
  machines: readonly PlannedMachine[],
  profiles: readonly Profile[],
  view: PoolView,
): ResolvedPool {
  const byId = new Map(profiles.map((profile) => [profile.id, profile]));
  const networks = remembered((name: string) => findNetworks(view, name));
  const templates = remembered((profile: Profile) => findTemplate(view, profile));
  const space = new SpaceCount(view);
  const placements = new Map<string, MachinePlacement>();
  const concerns = new Map<string, Concern[]>();
  for (const planned of machines) {
    const found: Concern[] = [];
    const profile = byId.get(planned.profile.id);
    const template = profile === undefined ? null : templates(profile);
    if (template === null) found.push(noTemplate(planned));
    const placement: MachinePlacement = {
      template,
      storage: placeDisks(planned, view, space, found),
      networks: planned.nics.map(({ network, mac }, index) => {
        const refs = networks(network);
        if (refs.length !== 1) found.push(notOne(refs, NETWORK, network, `network card ${index}`));
        const other = mac === null ? undefined : view.macs.get(mac.toLowerCase());
        if (other !== undefined) found.push(macInUse(mac ?? '', other, index));
        return refs[0] ?? NULL_REF;
      }),
      homeHost: findOne(view.hostNames, HOST, planned.homeHost, found),
      gpuGroup: findOne(view.gpuGroups, GPU_GROUP, planned.gpuGroup, found),
    };
    found.push(...shortcomings(planned, view));
    placements.set(planned.machine.id, placement);
    if (found.length > 0) concerns.set(planned.machine.id, found);
  }
  return { placements, concerns, poolConcerns: space.concerns() };
}

function placeDisks(
  { machine, disks }: PlannedMachine,
  view: PoolView,
  space: SpaceCount,
  found: Concern[],
): Ref[] {
  return disks.map((disk, index) => {
    const capacityBytes = machine.disks[index]?.capacityBytes ?? 0;
    const refs = findStorage(view, space, disk.storage, capacityBytes);
    const about = `disk ${index}`;
    if (refs.length !== 1) found.push(notOne(refs, STORAGE, disk.storage, about));
    const [ref = NULL_REF] = refs;
    const storage = view.storage.get(ref);
    if (storage !== undefined && !holds(storage, capacityBytes)) {
      found.push(tooLarge(view, storage.record, capacityBytes, about));
    }
    space.add(ref, capacityBytes, disk);
    return ref;
  });
}

/** What the pool, or the session, cannot do for a machine. */
function* shortcomings(planned: PlannedMachine, view: PoolView): Generator<Concern> {
  for (const message of missingRoles(view.permissions, planned)) {
    yield poolConcern('POOL_ROLE_MISSING', 'warning', null, message);
  }
  if (planned.haPriority !== null && !view.highAvailability) {
    const message = 'the pool restarts nothing as long as its high availability is off';
    yield poolConcern('POOL_HA_OFF', 'warning', null, message);
  }
}

interface Kind {
  readonly missing: ErrorCode;
  readonly noun: string;
}

const STORAGE: Kind = { missing: 'POOL_STORAGE_MISSING', noun: 'storage repository' };
const NETWORK: Kind = { missing: 'POOL_NETWORK_MISSING', noun: 'network' };
const HOST: Kind = { missing: 'POOL_HOST_MISSING', noun: 'host' };
const GPU_GROUP: Kind = { missing: 'POOL_GPU_MISSING', noun: 'GPU group' };

function findOne(
  objects: ReadonlyMap<Ref, Named>,
  kind: Kind,
  name: string | null,
  found: Concern[],
): Ref | null {
  if (name === null) return null;
  const refs = findNamed(objects, name);
  if (refs.length !== 1) found.push(notOne(refs, kind, name, null));
  return refs[0] ?? null;
}

function notOne(
  refs: readonly Ref[],
  { missing, noun }: Kind,
  name: string | null,
  about: string | null,
): Concern {
  const called = name === null ? `default ${noun}` : `${noun} ${name}`;
  return refs.length === 0
    ? poolConcern(missing, 'critical', about, `the pool has no usable ${called}`)
    : poolConcern('POOL_AMBIGUOUS', 'critical', about, `the pool has ${refs.length} of the name: ${called}`);
}

function tooLarge(
  { storage }: PoolView,
  { name_label }: Named,
  capacityBytes: number,
  about: string,
): Concern {
  const others = [...storage.values()].filter((one) => holds(one, capacityBytes));
  const names = others.map(({ record }) => record.name_label).join(', ');
  const alternative = names === '' ? 'none of this pool does' : `these do: ${names}`;
  const message = `${name_label} makes no disk of ${formatBytes(capacityBytes)}; ${alternative}`;
  return poolConcern('POOL_DISK_TOO_LARGE', 'critical', about, message);
}

function macInUse(mac: string, other: string, index: number): Concern {
  const message = `${other} in the pool has the address ${mac} as well`;
  return poolConcern('PLAN_DUPLICATE_MAC', 'warning', `network card ${index}`, message);
}

function noTemplate({ profile }: PlannedMachine): Concern {
  const message = `the pool has no template for ${profile.title}`;
  return poolConcern('POOL_TEMPLATE_MISSING', 'information', null, message);
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
