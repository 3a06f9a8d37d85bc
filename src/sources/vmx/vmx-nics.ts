import { type Nic, UNTOLD_NIC } from '../../model/virtual-machine.js';
import { normalizeMac } from '../../ovf-parser/index.js';
import { flagOf, presentNumbers, textOf } from './settings-values.js';
import type { VmxSettings } from './vmx-parser.js';

type Value = (key: string) => string | null;

/** The network adapters that are present, by their number; functions of a passed-through card (SR-IOV) come last. */
export function vmxNics(settings: VmxSettings): readonly Nic[] {
  const functions = presentNumbers(settings, 'pcipassthru')
    .map((number) => `pciPassthru${number}`)
    .filter((adapter) => textOf(settings, `${adapter}.pfId`) !== null);
  const adapters = presentNumbers(settings, 'ethernet').map((number) => `ethernet${number}`);
  return [...adapters, ...functions].map((adapter) => readNic(settings, adapter));
}

function readNic(settings: VmxSettings, adapter: string): Nic {
  const value: Value = (key) => textOf(settings, `${adapter}.${key}`);
  const addressType = (value('addressType') ?? value('MACAddressType'))?.toLowerCase() ?? null;
  return {
    ...UNTOLD_NIC,
    network: networkOf(value),
    mac: macOf(value, addressType),
    adapter: adapterOf(value),
    connected: flagOf(settings, `${adapter}.startConnected`) !== false,
    staticMac: addressType === null ? null : addressType === 'static',
  };
}

function adapterOf(value: Value): string {
  if (value('pfId') !== null) return 'sriov';
  const device = value('virtualDev')?.toLowerCase() ?? 'vlance';
  // `vlance`, also what an absent setting means, is VMware's name of the AMD PCnet.
  return device === 'vlance' ? 'pcnet32' : device;
}

/**
 * ESXi names the port group; a distributed switch or NSX only its key; Workstation the kind of connection, and of a
 * LAN segment its key.
 */
function networkOf(value: Value): string {
  const named = value('networkName') ?? value('dvs.portgroupId') ?? value('opaqueNetwork.id');
  if (named !== null) return named;
  const connection = value('connectionType')?.toLowerCase() ?? 'bridged';
  switch (connection) {
    case 'custom':
      return value('vnet') ?? connection;
    case 'pvn':
      return value('pvnID') ?? connection;
    default:
      return connection;
  }
}

function macOf(value: Value, addressType: string | null): string | null {
  const fixed = value('address') ?? value('MACAddress');
  const generated = value('generatedAddress') ?? value('generatedMACAddress');
  return normalizeMac((addressType === 'static' ? (fixed ?? generated) : (generated ?? fixed)) ?? '');
}
