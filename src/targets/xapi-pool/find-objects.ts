import { type Profile, templateChoices } from '../../guests/profiles/index.js';
import type { Ref, VmRecord } from '../../xapi/index.js';
import type { PoolView } from './pool-view.js';

/** Networks of a UUID, else of a name, else of a bridge, else with a VLAN (`VLAN 12`); usually one. */
export function findNetworks({ networks, pifs }: PoolView, wanted: string): Ref[] {
  const fitting = (fits: (uuid: string, name: string, bridge: string) => boolean): Ref[] =>
    [...networks]
      .filter(([, { uuid, name_label, bridge }]) => fits(uuid, name_label, bridge))
      .map(([ref]) => ref);
  const tag = Number(/^vlan[ :]?(\d{1,4})$/i.exec(wanted)?.[1] ?? Number.NaN);
  return firstFound(
    () => fitting((uuid) => uuid === wanted),
    () => fitting((_uuid, name) => name === wanted),
    () => fitting((_uuid, _name, bridge) => bridge === wanted),
    () => [...new Set([...pifs.values()].filter(({ VLAN }) => VLAN === tag).map(({ network }) => network))],
  );
}

/** Repositories of a UUID, else of a name; the pool's default for null. */
export function findStorage({ storage, defaultSr }: PoolView, wanted: string | null): Ref[] {
  if (wanted === null) return storage.has(defaultSr) ? [defaultSr] : [];
  const all = [...storage];
  return firstFound(
    () => all.filter(([, { record }]) => record.uuid === wanted).map(([ref]) => ref),
    () => all.filter(([, { record }]) => record.name_label === wanted).map(([ref]) => ref),
  );
}

/** The best of the pool's templates for a guest; null when it has none of those that the profile names. */
export function findTemplate({ templates, product }: PoolView, profile: Profile): VmRecord | null {
  for (const label of templateChoices(profile, product)) {
    const found = templates.find(({ reference_label }) => reference_label === label);
    if (found !== undefined) return found;
  }
  return null;
}

function firstFound(...searches: readonly (() => Ref[])[]): Ref[] {
  for (const search of searches) {
    const found = search();
    if (found.length > 0) return found;
  }
  return [];
}
