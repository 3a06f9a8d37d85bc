import type { PlannedMachine } from '../../model/plan.js';
import type { Ref } from '../../xapi/index.js';
import type { MachinePlacement } from './machine-placement.js';
import type { PoolView } from './pool-view.js';

/** A part of a machine's data, above 0, that goes through a host. */
interface HostPart {
  readonly name: string;
  readonly share: number;
}

/**
 * The hosts through which a machine's disks may be imported: each alone that is attached to all its repositories; where
 * none is, the first of each disk's, together. None for a machine whose repositories the pool has not.
 */
export function importHosts(
  { disks }: PlannedMachine,
  { storage }: MachinePlacement,
  view: PoolView,
): HostPart[][] {
  const names = hostNames(view);
  const seenBy = storage.map((ref) =>
    (view.storage.get(ref)?.addresses ?? []).flatMap((address) => names.get(address) ?? []),
  );
  const [first = [], ...others] = seenBy;
  if (seenBy.some(({ length }) => length === 0)) return [];
  const common = first.filter((name) => others.every((hosts) => hosts.includes(name)));
  if (common.length > 0) return common.map((name) => [{ name, share: 1 }]);
  const bytes = disks.reduce((sum, { dataBytes }) => sum + dataBytes, 0);
  const parts = new Map<string, number>();
  for (const [index, { dataBytes }] of disks.entries()) {
    const name = seenBy[index]?.[0];
    const part = bytes === 0 ? 1 / disks.length : dataBytes / bytes;
    if (name !== undefined && part > 0) parts.set(name, (parts.get(name) ?? 0) + part);
  }
  return parts.size === 0 ? [] : [[...parts].map(([name, share]) => ({ name, share }))];
}

/** Addresses of the hosts of these names. */
export function addressesOf(names: readonly string[], view: PoolView): string[] {
  const wanted = new Set(names);
  return [...hostNames(view)].flatMap(([address, name]) => (wanted.has(name) ? address : []));
}

/** The name of the host at an address; the address itself where the pool knows none there. */
export function hostNameAt(address: string, view: PoolView): string {
  return hostNames(view).get(address) ?? address;
}

/** By address. Hosts that share a name are known by their UUIDs. */
function hostNames({ hosts, hostNames }: PoolView): ReadonlyMap<string, string> {
  const times = new Map<string, number>();
  for (const { name_label } of hostNames.values()) times.set(name_label, (times.get(name_label) ?? 0) + 1);
  const nameOf = (ref: Ref) => {
    const host = hostNames.get(ref);
    return host !== undefined && times.get(host.name_label) === 1 ? host.name_label : (host?.uuid ?? ref);
  };
  return new Map([...hosts].map(([ref, address]) => [address, nameOf(ref)]));
}
