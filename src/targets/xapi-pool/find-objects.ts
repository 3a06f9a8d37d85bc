import { type Profile, templateChoices } from '../../guests/profiles/index.js';
import type { Ref, VmRecord } from '../../xapi/index.js';
import type { Named, PoolView } from './pool-view.js';

/** Networks of a UUID, else of a name, else of a bridge, else with a VLAN (`VLAN 12`); usually one. */
export function findNetworks({ networks, pifs }: PoolView, wanted: string): Ref[] {
  const named = findNamed(networks, wanted);
  if (named.length > 0) return named;
  const bridged = [...networks].filter(([, { bridge }]) => bridge === wanted).map(([ref]) => ref);
  if (bridged.length > 0) return bridged;
  const tag = Number(/^vlan[ :]?(\d{1,4})$/i.exec(wanted)?.[1] ?? Number.NaN);
  return [...new Set([...pifs.values()].filter(({ VLAN }) => VLAN === tag).map(({ network }) => network))];
}

/** Objects of a UUID, else of a name. */
export function findNamed(objects: ReadonlyMap<Ref, Named>, wanted: string): Ref[] {
  const all = [...objects];
  const byUuid = all.filter(([, { uuid }]) => uuid === wanted);
  const found = byUuid.length > 0 ? byUuid : all.filter(([, { name_label }]) => name_label === wanted);
  return found.map(([ref]) => ref);
}

/** The best of the pool's templates for a guest; null when it has none of those that the profile names. */
export function findTemplate({ templates, product }: PoolView, profile: Profile): VmRecord | null {
  for (const label of templateChoices(profile, product)) {
    const found = templates.find(({ reference_label }) => reference_label === label);
    if (found !== undefined) return found;
  }
  return null;
}
