import { GIB } from '../../model/units.js';
import { MAX_VHD_BYTES } from '../../vhd/index.js';
import type { Ref } from '../../xapi/index.js';
import type { PoolView, StorageView } from './pool-view.js';
import type { SpaceCount } from './space-count.js';

/** The largest disk that XCP-ng's qcow2 repositories make. */
const MAX_QCOW2_BYTES = 16_381 * GIB;
const MOST_FREE = 'free';
const TYPE = /^type:(.+)$/;

/**
 * The repositories that a disk may go to by a plan's word, usually one: of a UUID, else of a name; for `type:nfs` the one
 * of that type, for `free` the one of all, with the most space left; for null the pool's default.
 */
export function findStorage(
  { storage, defaultSr }: PoolView,
  space: SpaceCount,
  wanted: string | null,
  capacityBytes: number,
): Ref[] {
  if (wanted === null) return storage.has(defaultSr) ? [defaultSr] : [];
  const all = [...storage];
  const refs = (fits: (view: StorageView) => boolean): Ref[] =>
    all.filter(([, view]) => fits(view)).map(([ref]) => ref);
  const byUuid = refs(({ record }) => record.uuid === wanted);
  if (byUuid.length > 0) return byUuid;
  const byName = refs(({ record }) => record.name_label === wanted);
  if (byName.length > 0) return byName;
  const type = TYPE.exec(wanted)?.[1];
  if (wanted !== MOST_FREE && type === undefined) return [];
  const suitable = refs(
    (view) => (type === undefined || view.record.type === type) && holds(view, capacityBytes),
  );
  return withMostLeft(suitable, space);
}

/** Whether a repository can have a disk of that size at all. */
export function holds({ qcow2 }: StorageView, capacityBytes: number): boolean {
  return capacityBytes <= MAX_VHD_BYTES || (qcow2 && capacityBytes <= MAX_QCOW2_BYTES);
}

function withMostLeft(refs: readonly Ref[], space: SpaceCount): Ref[] {
  const [first, ...others] = refs;
  if (first === undefined) return [];
  return [others.reduce((best, next) => (space.left(next) > space.left(best) ? next : best), first)];
}
