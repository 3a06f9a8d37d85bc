import type { Findings } from './findings.js';
import { type HardwareItem, RESOURCE_TYPE } from './hardware-items.js';
import type { OvfNic } from './ovf-types.js';
import { type Settings, settingOf } from './settings.js';

/** What an exporter that names no adapter means is not specified; nearly every guest drives this one. */
const DEFAULT_ADAPTER = 'e1000';

/** ResourceSubType spellings of network adapters in real exports, in lower case. */
const ADAPTERS: ReadonlyMap<string, string> = new Map([
  ['pcnet32', 'pcnet32'],
  ['vlance', 'pcnet32'],
  ['e1000', 'e1000'],
  ['e1000e', 'e1000e'],
  ['vmxnet', 'vmxnet'],
  ['vmxnet2', 'vmxnet2'],
  ['vmxnet3', 'vmxnet3'],
  ['vmxnet3vrdma', 'vmxnet3vrdma'],
  ['vmware.vmxnet3', 'vmxnet3'],
  ['sriovethernetcard', 'sriov'],
  ['sriov', 'sriov'],
]);

/** The network adapters of a machine in the order of their InstanceIDs; `settings` are the machine's. */
export function readNics(
  items: readonly HardwareItem[],
  networks: ReadonlySet<string>,
  settings: Settings,
  findings: Findings,
): readonly OvfNic[] {
  return items
    .filter(({ resourceType }) => resourceType === RESOURCE_TYPE.ethernetAdapter)
    .map((item, index) => {
      const network = item.connection ?? '';
      if (network === '') findings.warn('a network adapter is connected to no network', item.line);
      else if (!networks.has(network)) {
        findings.warn(`the network "${network}" is not listed in the NetworkSection`, item.line);
      }
      return {
        network,
        mac: readMac(item, findings),
        adapter: adapterOf(item),
        connected: item.connected,
        staticMac: staticMacOf(item, settings, index),
        line: item.line,
      };
    });
}

/** The first of a list that is known; what is not keeps its own name. */
function adapterOf({ subTypes }: HardwareItem): string {
  const known = subTypes.map((subType) => ADAPTERS.get(subType)).find((adapter) => adapter !== undefined);
  return known ?? subTypes[0] ?? DEFAULT_ADAPTER;
}

/** `Manual` is vSphere's word in `vmw:Config`, `static` that of a .vmx in `vmw:ExtraConfig`. */
function staticMacOf(item: HardwareItem, settings: Settings, index: number): boolean | null {
  const type = settingOf(item.settings, 'addresstype') ?? settingOf(settings, `ethernet${index}.addresstype`);
  return type === null ? null : /^(manual|static)$/i.test(type);
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
