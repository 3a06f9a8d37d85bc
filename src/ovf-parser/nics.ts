import type { Findings } from './findings.js';
import { type HardwareItem, RESOURCE_TYPE } from './hardware-items.js';
import type { OvfNic } from './ovf-types.js';

/** What an exporter that names no adapter means is not specified; nearly every guest drives this one. */
const DEFAULT_ADAPTER = 'e1000';

/** The network adapters of a machine in the order of their InstanceIDs. */
export function readNics(
  items: readonly HardwareItem[],
  networks: readonly string[],
  findings: Findings,
): readonly OvfNic[] {
  return items
    .filter(({ resourceType }) => resourceType === RESOURCE_TYPE.ethernetAdapter)
    .map((item) => {
      const network = item.connection ?? '';
      if (network === '') findings.warn('a network adapter is connected to no network', item.line);
      else if (!networks.includes(network)) {
        findings.warn(`the network "${network}" is not listed in the NetworkSection`, item.line);
      }
      return {
        network,
        mac: readMac(item, findings),
        adapter: item.subTypes[0] ?? DEFAULT_ADAPTER,
        line: item.line,
      };
    });
}

function readMac({ address, line }: HardwareItem, findings: Findings): string | null {
  if (address === null) return null;
  const mac = normalizeMac(address);
  if (mac === null) findings.warn(`"${address}" is not a MAC address`, line);
  return mac;
}

/** A MAC in lower case with colons, from any of the usual spellings; null when it is none. */
export function normalizeMac(text: string): string | null {
  const digits = text.trim().replace(/[:.-]/g, '').toLowerCase();
  if (!/^[0-9a-f]{12}$/.test(digits)) return null;
  return digits.replace(/(..)(?=.)/g, '$1:');
}
