import { parse } from 'yaml';
import type { GuestFiles } from '../../../files/guest-files.js';
import { iniSections, pathsIn, readText, shellSettings } from '../text-files.js';

/** A network card as the guest's configuration names it. */
export interface ConfiguredName {
  readonly name: string;
  /** Lower case; null when no file tells. */
  readonly mac: string | null;
  /** Static ones, without prefix length. */
  readonly addresses: readonly string[];
}

const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;
const ADDRESS = /\b(?:\d{1,3}\.){3}\d{1,3}\b|(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])/gi;
const CARD = /^(?:eth\d{1,3}|en[a-z0-9]{1,13}|net\d{1,3}|[a-z][a-z0-9]{0,9}\d{1,3})$/;
const NO_CARD =
  /^(?:lo|bond|br|virbr|docker|veth|vlan|tun|tap|team|dummy|wl|ww|ib|sit|gre|ppp|wg|vnet|cali|flannel)/;

class Collection {
  readonly #found = new Map<string, { mac: string | null; addresses: Set<string> }>();

  add(name: string | undefined, mac: string | undefined, text: string): void {
    if (name === undefined || !CARD.test(name) || NO_CARD.test(name)) return;
    const known = this.#found.get(name) ?? { mac: null, addresses: new Set<string>() };
    const lower = mac?.toLowerCase().replaceAll('-', ':') ?? '';
    if (MAC.test(lower)) known.mac = lower;
    for (const [address] of text.matchAll(ADDRESS)) known.addresses.add(address.toLowerCase());
    this.#found.set(name, known);
  }

  get names(): readonly ConfiguredName[] {
    return [...this.#found]
      .map(([name, { mac, addresses }]) => ({ name, mac, addresses: [...addresses] }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  }
}

/**
 * The cards that ifupdown, ifcfg files (Red Hat, SUSE), NetworkManager, netplan and systemd-networkd configure, and
 * the MACs that these, udev's rules and .link files tell.
 */
export async function configuredNames(files: GuestFiles): Promise<readonly ConfiguredName[]> {
  const cards = new Collection();
  const configured = new Set<string>();
  const configure = (name: string | undefined, mac: string | undefined, text: string) => {
    cards.add(name, mac, text);
    if (name !== undefined) configured.add(name);
  };
  await readInterfaces(files, configure);
  await readIfcfg(files, configure);
  await readKeyfiles(files, configure);
  await readNetplan(files, configure);
  await readNetworkd(files, configure);
  await readUdev(files, (name, mac) => {
    if (name !== undefined && configured.has(name)) cards.add(name, mac, '');
  });
  return cards.names;
}

type Add = (name: string | undefined, mac: string | undefined, text: string) => void;

async function readInterfaces(files: GuestFiles, add: Add): Promise<void> {
  const paths = [
    '/etc/network/interfaces',
    ...(await pathsIn(files, '/etc/network/interfaces.d', /^[\w.-]+$/)),
  ];
  for (const path of paths) {
    const text = (await readText(files, path)) ?? '';
    for (const stanza of text.split(/^(?=\s*(?:iface|auto|allow-\w+|mapping|source)\b)/m)) {
      const name = /^\s*iface\s+(\S+)/.exec(stanza)?.[1];
      const mac = /^\s*hwaddress\s+(?:ether\s+)?(\S+)/m.exec(stanza)?.[1];
      const addresses = [...stanza.matchAll(/^\s*address\s+(\S+)/gm)].map((match) => match[1]);
      if (name !== undefined) add(name, mac, addresses.join(' '));
    }
  }
}

async function readIfcfg(files: GuestFiles, add: Add): Promise<void> {
  for (const folder of ['/etc/sysconfig/network-scripts', '/etc/sysconfig/network']) {
    for (const path of await pathsIn(files, folder, /^ifcfg-[\w.-]+$/)) {
      if (/\.(?:bak|old|orig|rpmsave|rpmnew)$/.test(path)) continue;
      const settings = shellSettings((await readText(files, path)) ?? '');
      const name = settings.get('DEVICE') ?? path.slice(path.indexOf('ifcfg-') + 6);
      const addresses = [...settings].filter(([key]) => /^(?:IPADDR|IPV6ADDR)/.test(key));
      const mac = settings.get('HWADDR') ?? settings.get('LLADDR');
      add(name, mac, addresses.map(([, value]) => value).join(' '));
    }
  }
}

async function readKeyfiles(files: GuestFiles, add: Add): Promise<void> {
  const folder = '/etc/NetworkManager/system-connections';
  for (const path of await pathsIn(files, folder, /^[^/]+$/)) {
    const sections = iniSections((await readText(files, path)) ?? '');
    const value = (section: string, key: string) =>
      sections.find(({ name }) => name === section)?.settings.get(key);
    const wired = ['ethernet', '802-3-ethernet'];
    const mac = wired.map((section) => value(section, 'mac-address')).find((found) => found !== undefined);
    const addresses = sections
      .filter(({ name }) => name === 'ipv4' || name === 'ipv6')
      .flatMap(({ settings }) => [...settings].filter(([key]) => /^address(?:es)?\d*$/.test(key)))
      .map(([, text]) => text.split(',')[0]);
    add(value('connection', 'interface-name'), mac, addresses.join(' '));
  }
}

async function readNetplan(files: GuestFiles, add: Add): Promise<void> {
  for (const path of await pathsIn(files, '/etc/netplan', /\.ya?ml$/)) {
    const ethernets = field(field(parsedYaml(await readText(files, path)), 'network'), 'ethernets');
    if (!isRecord(ethernets)) continue;
    for (const [id, card] of Object.entries(ethernets)) {
      const match = field(card, 'match');
      const own = field(card, 'set-name') ?? field(match, 'name') ?? (match === undefined ? id : undefined);
      const addresses = field(card, 'addresses');
      add(text(own), text(field(match, 'macaddress')), Array.isArray(addresses) ? addresses.join(' ') : '');
    }
  }
}

async function readNetworkd(files: GuestFiles, add: Add): Promise<void> {
  for (const path of await pathsIn(files, '/etc/systemd/network', /\.network$/)) {
    const content = (await readText(files, path)) ?? '';
    const match = iniSections(content).find(({ name }) => name === 'Match')?.settings;
    const addresses = [...content.matchAll(/^\s*Address\s*=\s*(\S+)/gim)].map((found) => found[1]);
    add(match?.get('name'), match?.get('macaddress'), addresses.join(' '));
  }
}

async function readUdev(files: GuestFiles, add: (name?: string, mac?: string) => void): Promise<void> {
  for (const path of await pathsIn(files, '/etc/udev/rules.d', /persistent-net\.rules$/)) {
    for (const line of ((await readText(files, path)) ?? '').split('\n')) {
      if (line.trimStart().startsWith('#')) continue;
      const mac = /(?:ATTRS?|SYSFS)\{address\}=="([^"]*)"/.exec(line)?.[1];
      add(/\bNAME="([^"]*)"/.exec(line)?.[1], mac);
    }
  }
  for (const path of await pathsIn(files, '/etc/systemd/network', /\.link$/)) {
    const sections = iniSections((await readText(files, path)) ?? '');
    const mac = sections.find(({ name }) => name === 'Match')?.settings.get('macaddress');
    add(sections.find(({ name }) => name === 'Link')?.settings.get('name'), mac);
  }
}

/** Files that netplan itself would not take are left out. */
function parsedYaml(content: string | null): unknown {
  try {
    return parse(content ?? '', { maxAliasCount: 100 });
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function field(value: unknown, key: string): unknown {
  return isRecord(value) ? value[key] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
