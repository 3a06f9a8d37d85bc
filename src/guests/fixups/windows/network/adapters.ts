import { isIPv4, isIPv6 } from 'node:net';
import type { HiveKey } from '../../../registry/hive.js';

const NETWORK_CLASS = '{4d36e972-e325-11ce-bfc1-08002be10318}';
/** Of addresses, gateways or servers of a card; more are dropped. */
const MAX_LISTED = 64;
const MAX_ADAPTERS = 256;
/** NSI's tables of IPv6 addresses that were set by hand. */
const IPV6_ADDRESSES = 'Control\\Nsi\\{eb004a01-9b1a-11d4-9123-0050047759bc}\\10';

export interface AddressAndLength {
  readonly address: string;
  /** Bits of the network's prefix. */
  readonly length: number;
}

/** A network card as Windows knows it on VMware. */
export interface Adapter {
  /** Below Enum: `PCI\VEN_15AD&DEV_07B0...\instance`. */
  readonly device: string;
  /** `{...}`, NetCfgInstanceId; null when the card was never set up. */
  readonly guid: string | null;
  /** As users see it, `Ethernet0`; anything may stand in it. */
  readonly name: string | null;
  /** That it may have, lower case with colons. */
  readonly macs: readonly string[];
  /** Empty where DHCP gives the address. */
  readonly ipv4: readonly AddressAndLength[];
  readonly gateways: readonly string[];
  /** Set by hand; of IPv4 and IPv6. */
  readonly dns: readonly string[];
  readonly suffix: string | null;
  readonly ipv6: readonly AddressAndLength[];
}

/** A persistent route (`route -p`). */
export interface Route {
  readonly destination: string;
  readonly mask: string;
  readonly gateway: string;
  /** Null for one that Windows chooses. */
  readonly metric: number | null;
}

/** All network cards on the PCI bus that Windows has seen, also those it does not have any more. */
export function findAdapters(controlSet: HiveKey): Adapter[] {
  const found: Adapter[] = [];
  for (const device of controlSet.key('Enum\\PCI')?.subkeys() ?? []) {
    for (const instance of device.subkeys()) {
      const [cls, number] = (instance.string('Driver') ?? '').toLowerCase().split('\\');
      if (cls !== NETWORK_CLASS || number === undefined || !/^\d{4}$/.test(number)) continue;
      if (found.length >= MAX_ADAPTERS) return found;
      found.push(adapterOf(controlSet, `PCI\\${device.name}\\${instance.name}`, number));
    }
  }
  return found;
}

/** Anything that is set by hand. */
export function isConfigured({ ipv4, ipv6, dns }: Adapter): boolean {
  return ipv4.length + ipv6.length + dns.length > 0;
}

/** Takes the card and the name of its connection from what Windows knows; its addresses stay as they are. */
export function forgetAdapter(controlSet: HiveKey, { device, guid }: Adapter): void {
  controlSet.removeKey(`Enum\\${device}`);
  if (guid !== null) controlSet.removeKey(`Control\\Network\\${NETWORK_CLASS}\\${guid}`);
}

/** Value names are `destination,mask,gateway,metric`. */
export function persistentRoutes(controlSet: HiveKey): Route[] {
  const names = controlSet.key('Services\\Tcpip\\Parameters\\PersistentRoutes')?.valueNames() ?? [];
  return names.slice(0, MAX_LISTED).flatMap((name) => {
    const [destination = '', mask = '', gateway = '', metric = ''] = name.split(',');
    if (![destination, mask, gateway].every(isIPv4) || prefixLength(mask) === null) return [];
    const known = /^[1-9]\d{0,3}$/.test(metric) ? Number(metric) : null;
    return [{ destination, mask, gateway, metric: known }];
  });
}

function adapterOf(controlSet: HiveKey, device: string, number: string): Adapter {
  const own = controlSet.key(`Control\\Class\\${NETWORK_CLASS}\\${number}`);
  const guid = guidOf(own?.string('NetCfgInstanceId') ?? '');
  const tcp = guid === null ? null : controlSet.key(`Services\\Tcpip\\Parameters\\Interfaces\\${guid}`);
  const tcp6 = guid === null ? null : controlSet.key(`Services\\Tcpip6\\Parameters\\Interfaces\\${guid}`);
  const name =
    guid === null
      ? null
      : (controlSet.key(`Control\\Network\\${NETWORK_CLASS}\\${guid}\\Connection`)?.string('Name') ?? null);
  const isStatic = tcp?.dword('EnableDHCP') === 0;
  const suffix = tcp?.string('Domain') ?? '';
  return {
    device,
    guid,
    name,
    macs: macsOf(device, own?.string('NetworkAddress') ?? ''),
    ipv4: isStatic ? ipv4Of(tcp) : [],
    gateways: isStatic ? (tcp?.strings('DefaultGateway') ?? []).filter(isUsable).slice(0, MAX_LISTED) : [],
    dns: [...serversOf(tcp, isIPv4), ...serversOf(tcp6, isIPv6)].slice(0, MAX_LISTED),
    suffix: /^[a-z0-9](?:[a-z0-9._-]{0,253})$/i.test(suffix) ? suffix : null,
    ipv6: own === null ? [] : ipv6Of(controlSet, own),
  };
}

function guidOf(text: string): string | null {
  return /^\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}$/i.test(text) ? text : null;
}

function ipv4Of(key: HiveKey): AddressAndLength[] {
  const masks = key.strings('SubnetMask') ?? [];
  return (key.strings('IPAddress') ?? []).slice(0, MAX_LISTED).flatMap((address, at) => {
    const length = prefixLength(masks[at] ?? '');
    return isUsable(address) && length !== null ? [{ address, length }] : [];
  });
}

function isUsable(address: string): boolean {
  return isIPv4(address) && address !== '0.0.0.0';
}

/** Null for what is no mask. */
function prefixLength(mask: string): number | null {
  if (!isIPv4(mask)) return null;
  const bits = mask
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : null;
}

function serversOf(key: HiveKey | null, isAddress: (text: string) => boolean): string[] {
  return (key?.string('NameServer') ?? '').split(/[\s,;]+/).filter((server) => isAddress(server));
}

/**
 * Value names are a NET_LUID and an address in hexadecimal, the prefix' length is the data's byte 16. A NET_LUID is 24
 * bits of nothing, 24 of NetLuidIndex and 16 of the interface's type, little-endian (ifdef.h).
 */
function ipv6Of(controlSet: HiveKey, own: HiveKey): AddressAndLength[] {
  const index = own.dword('NetLuidIndex');
  const type = own.dword('*IfType');
  const key = controlSet.key(IPV6_ADDRESSES);
  if (index === null || type === null || key === null) return [];
  const luid = Buffer.alloc(8);
  luid.writeUIntLE(index & 0xff_ffff, 3, 3);
  luid.writeUInt16LE(type & 0xffff, 6);
  const prefix = luid.toString('hex');
  return key
    .valueNames()
    .filter((name) => name.length === 48 && name.toLowerCase().startsWith(prefix))
    .slice(0, MAX_LISTED)
    .flatMap((name) => {
      const address = (name.slice(16).match(/.{4}/g) ?? []).join(':').toLowerCase();
      const length = key.value(name)?.data[16] ?? 0;
      return isIPv6(address) && !/^fe[89ab]/.test(address) && length >= 1 && length <= 128
        ? [{ address, length }]
        : [];
    });
}

/**
 * NetworkAddress is one that was set in the driver. A PCI Express card's instance is its serial number, two 32-bit
 * numbers, which VMware makes of the MAC as an EUI-64: FF565000BB0895FE00 is 00:50:56:95:08:bb.
 */
function macsOf(device: string, networkAddress: string): string[] {
  const macs: string[] = [];
  const own = networkAddress.replace(/[:-]/g, '').toLowerCase();
  if (/^[0-9a-f]{12}$/.test(own)) macs.push((own.match(/../g) ?? []).join(':'));
  const serial = /\\([0-9a-f]{16})(?:[0-9a-f]{2})?$/i.exec(device)?.[1]?.toLowerCase();
  const bytes = serial?.match(/../g) ?? [];
  if (bytes[0] === 'ff' && bytes[7] === 'fe')
    macs.push([3, 2, 1, 6, 5, 4].map((at) => bytes[at] ?? '').join(':'));
  return macs;
}
