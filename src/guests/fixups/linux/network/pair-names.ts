import type { Nic } from '../../../../model/virtual-machine.js';
import type { ConfiguredName } from './configured-names.js';

interface PairedNames {
  /** Names and the MACs that get them. */
  readonly pairs: readonly { readonly name: string; readonly mac: string }[];
  /** Names of which it is not certain which card had them. */
  readonly open: readonly string[];
}

/** Which card had which name: by MAC, by static address, and at last by there being only one of each. */
export function pairNames(names: readonly ConfiguredName[], nics: readonly Nic[]): PairedNames {
  const free = new Map(nics.flatMap((nic) => (nic.mac === null ? [] : [[nic.mac, nic] as const])));
  const pairs = new Map<string, string>();
  const take = (name: string, mac: string) => {
    pairs.set(name, mac);
    free.delete(mac);
  };
  for (const { name, mac } of names) {
    if (mac !== null && free.has(mac)) take(name, mac);
  }
  const byAddress = new Map(
    [...free.values()].flatMap((nic) =>
      nic.addresses.map((address) => [address.toLowerCase(), nic.mac] as const),
    ),
  );
  for (const { name, addresses } of names) {
    if (pairs.has(name)) continue;
    const mac = addresses.map((address) => byAddress.get(address)).find((found) => found !== undefined);
    if (mac !== undefined && mac !== null && free.has(mac)) take(name, mac);
  }
  const open = names.map(({ name }) => name).filter((name) => !pairs.has(name));
  const [name] = open;
  const [mac] = free.keys();
  if (open.length === 1 && free.size === 1 && name !== undefined && mac !== undefined) take(name, mac);
  return {
    pairs: [...pairs].map(([paired, address]) => ({ name: paired, mac: address })),
    open: open.filter((other) => !pairs.has(other)),
  };
}
