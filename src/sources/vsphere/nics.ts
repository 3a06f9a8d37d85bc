import { type Nic, UNTOLD_NIC } from '../../model/virtual-machine.js';
import { normalizeMac } from '../../ovf-parser/index.js';
import { type Backing, isConnected, type VsphereDevice } from './device-schema.js';
import type { Estate } from './estate.js';
import type { GuestNic } from './machine-schema.js';

/** Subclasses of `VirtualEthernetCard`. */
const CARDS = /^Virtual(?:Vmxnet[23]?|Vmxnet3Vrdma|E1000e?|PCNet32|SriovEthernetCard)$/;

/** The network cards in the order of their keys, in which they were added, with what Tools say of their addresses. */
export function readNics(
  devices: readonly VsphereDevice[],
  guestNics: readonly GuestNic[],
  estate: Estate,
): readonly Nic[] {
  return devices
    .filter(isNetworkCard)
    .sort((a, b) => a.key - b.key)
    .map((device): Nic => {
      const mac = normalizeMac(device.macAddress ?? '');
      return {
        ...UNTOLD_NIC,
        network: networkOf(device.backing, estate),
        mac,
        adapter: adapterOf(device),
        connected: isConnected(device),
        staticMac: device.addressType === undefined ? null : /^(?:manual|static)$/i.test(device.addressType),
        addresses: ownAddresses(
          guestNics.filter((nic) => isOf(nic, device.key, mac)).flatMap((nic) => nic.ipAddress),
        ),
      };
    });
}

export function isNetworkCard({ _type: type }: VsphereDevice): boolean {
  return CARDS.test(type);
}

/** Without link-local ones and repetitions. */
export function ownAddresses(addresses: readonly string[]): readonly string[] {
  const plain = addresses.map((address) => address.replace(/%.*$/, '').trim());
  return [
    ...new Set(
      plain.filter(
        (address) => /^[\da-f:.]+$/i.test(address) && !/^(?:fe[89ab][\da-f]:|169\.254\.)/i.test(address),
      ),
    ),
  ];
}

function adapterOf({ _type: type }: VsphereDevice): string {
  const adapter = type.replace(/^Virtual/, '').toLowerCase();
  return adapter === 'sriovethernetcard' ? 'sriov' : adapter;
}

/** A port group's name, of a distributed switch too; its key where the user may not see the port group. */
function networkOf(backing: Backing | undefined, estate: Estate): string {
  const key = backing?.port?.portgroupKey ?? backing?.opaqueNetworkId;
  if (key !== undefined) return estate.portGroupName(key) ?? key;
  return backing?.deviceName ?? '';
}

/** Tools know the card by its key; old ones only by its address, which bridges in the guest may have as well. */
function isOf({ deviceConfigId, macAddress }: GuestNic, key: number, mac: string | null): boolean {
  if (deviceConfigId >= 0) return deviceConfigId === key;
  return mac !== null && normalizeMac(macAddress) === mac;
}
