import type { Nic } from '../../../../model/virtual-machine.js';
import type { Adapter } from './adapters.js';

export interface Pair {
  readonly adapter: Adapter;
  readonly mac: string;
}

export interface Pairing {
  readonly pairs: readonly Pair[];
  /** Of which the card is not certain. */
  readonly open: readonly Adapter[];
}

/** PCI ids of VMware's cards. */
const KINDS: readonly (readonly [RegExp, RegExp])[] = [
  [/^vmxnet3/, /^PCI\\VEN_15AD&DEV_07B0&/i],
  [/^e1000e$/, /^PCI\\VEN_8086&DEV_10D3&/i],
  [/^e1000$/, /^PCI\\VEN_8086&DEV_100F&/i],
  [/^vmxnet/, /^PCI\\VEN_15AD&DEV_0720&/i],
  [/^(?:pcnet32|vlance|flexible)$/, /^PCI\\VEN_1022&DEV_2000&/i],
];

type Rule = (adapter: Adapter, nic: Nic) => boolean;

/** By the MAC, then by an address that VMware Tools reported; each must fit one card and one adapter alone. */
const RULES: readonly Rule[] = [
  ({ macs }, { mac }) => mac !== null && macs.includes(mac),
  ({ ipv4, ipv6 }, { addresses }) =>
    [...ipv4, ...ipv6].some(({ address }) => addresses.some((other) => sameAddress(address, other))),
  ({ device }, { adapter }) => KINDS.some(([kind, id]) => kind.test(adapter) && id.test(device)),
];

/** Which adapter of Windows is which of the machine's cards. */
export function pairCards(adapters: readonly Adapter[], nics: readonly Nic[]): Pairing {
  const pairs: Pair[] = [];
  let cards = nics.filter(({ mac }) => mac !== null);
  let open = [...adapters];
  for (const fits of RULES) {
    const found = open.flatMap((adapter) => {
      const fitting = cards.filter((nic) => fits(adapter, nic));
      const [nic] = fitting;
      const alone = open.filter((other) => nic !== undefined && fits(other, nic)).length === 1;
      return nic?.mac != null && fitting.length === 1 && alone ? [{ adapter, nic, mac: nic.mac }] : [];
    });
    pairs.push(...found.map(({ adapter, mac }) => ({ adapter, mac })));
    open = open.filter((adapter) => !found.some((pair) => pair.adapter === adapter));
    cards = cards.filter((nic) => !found.some((pair) => pair.nic === nic));
  }
  return { pairs, open };
}

function sameAddress(one: string, other: string): boolean {
  return one === other || (one.includes(':') && other.includes(':') && unfolded(one) === unfolded(other));
}

/** An IPv6 address with all its groups; the URL parser knows all spellings. */
function unfolded(address: string): string {
  try {
    return new URL(`http://[${address}]/`).hostname;
  } catch {
    return address;
  }
}
