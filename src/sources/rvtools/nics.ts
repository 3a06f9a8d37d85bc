import { type Nic, UNTOLD_NIC } from '../../model/virtual-machine.js';
import { normalizeMac } from '../../ovf-parser/index.js';
import type { Row } from './read-tab.js';
import type { VINFO, VNETWORK } from './tabs.js';

type NicFields = Row<(typeof VNETWORK)['columns']>;

/** In the order of their labels (`Network adapter 2`), in which the guest finds them. */
export function listNics(rows: readonly NicFields[]): readonly Nic[] {
  return [...rows]
    .sort((a, b) => labelNumber(a) - labelNumber(b))
    .map((fields): Nic => {
      const adapter = (fields.adapter ?? '').toLowerCase().replace(/^virtual/, '');
      return {
        network: fields.network ?? '',
        mac: normalizeMac(fields.mac ?? ''),
        adapter: adapter === 'sriovethernetcard' ? 'sriov' : adapter,
        connected: isConnected(fields),
        staticMac: isStatic(fields.type),
        addresses: splitAddresses(fields.ipv4, fields.ipv6),
      };
    });
}

function labelNumber({ label }: NicFields): number {
  return Number(/(\d+)\s*$/.exec(label ?? '')?.[1] ?? 0);
}

/** For exports without the tab vNetwork: vInfo names the first eight networks, and nothing else of the cards. */
export function nicsOfNetworks(info: Row<(typeof VINFO)['columns']>): readonly Nic[] {
  const { network1, network2, network3, network4, network5, network6, network7, network8 } = info;
  return [network1, network2, network3, network4, network5, network6, network7, network8].flatMap(
    (network) => (network === null ? [] : [{ ...UNTOLD_NIC, network, mac: null, adapter: '' }]),
  );
}

/** Without link-local ones and repetitions. */
export function splitAddresses(...texts: readonly (string | null)[]): readonly string[] {
  const all = texts.flatMap((text) => (text ?? '').split(/[\s,;|]+/));
  const own = all.filter(
    (address) => /^[\da-f:.]+$/i.test(address) && !/^(?:fe80:|169\.254\.)/i.test(address),
  );
  return [...new Set(own)];
}

/** A machine that is off has nothing connected, but cards that will be. */
function isConnected({ connected, startsConnected }: NicFields): boolean {
  if (connected === null && startsConnected === null) return true;
  return connected === true || startsConnected === true;
}

/** vSphere's MAC types: `manual`, or `assigned` and `generated`, which VMware gives. */
function isStatic(type: string | null): boolean | null {
  if (/^manual$/i.test(type ?? '')) return true;
  return /^(?:assigned|generated)$/i.test(type ?? '') ? false : null;
}
