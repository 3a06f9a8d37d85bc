import { randomUUID } from 'node:crypto';
import type { Database, Row } from './database.js';
import type { EstateOptions, GpuOptions, HostOptions, RepositoryOptions } from './estate-options.js';
import { stockTemplates } from './templates.js';

const GIB = 1024 ** 3;

/** The host that a pool has when nobody says which. */
const ONE_HOST: readonly HostOptions[] = [{}];

const REPOSITORIES: readonly RepositoryOptions[] = [
  { name: 'Local storage', type: 'ext', size: 1024 * GIB, hosts: [0] },
  { name: 'ISO library', type: 'iso', size: 10 * GIB, shared: true },
];

function createHost(database: Database, options: HostOptions, number: number, address: string): Row {
  const { name = `host${number + 1}`, memory = 256 * GIB, cpus = 32 } = options;
  const metrics = database.create('host_metrics', { memory_total: memory, memory_free: memory, live: true });
  return database.create('host', {
    name_label: name,
    hostname: name,
    address,
    enabled: true,
    metrics: metrics.ref,
    API_version_major: 2,
    API_version_minor: 21,
    API_version_vendor: 'XenSource',
    cpu_info: { cpu_count: String(cpus), socket_count: '2', vendor: 'GenuineIntel' },
    chipset_info: { iommu: 'true' },
    software_version: { product_brand: 'XCP-ng', product_version: '8.3.0', network_backend: 'openvswitch' },
    edition: 'xcp-ng',
  });
}

function createControlDomain(database: Database, host: Row): Row {
  const domain = database.create('VM', {
    name_label: `Control domain on host: ${host.text('name_label')}`,
    is_control_domain: true,
    power_state: 'Running',
    domain_type: 'pv',
    domid: 0,
    resident_on: host.ref,
    memory_static_max: 4 * GIB,
  });
  host.set({ control_domain: domain.ref });
  return domain;
}

function cardMac(host: number, card: number): string {
  const byte = (value: number): string => value.toString(16).padStart(2, '0');
  return `ac:1f:6b:00:${byte(host)}:${byte(card)}`;
}

function createNetworks(database: Database, hosts: readonly Row[], options: readonly HostOptions[]): void {
  const most = Math.max(...options.map(({ nics = 2 }) => nics));
  for (let card = 0; card < most; card += 1) {
    const name = `Pool-wide network associated with eth${card}`;
    const network = database.create('network', {
      name_label: name,
      bridge: `xenbr${card}`,
      MTU: 1500,
      managed: true,
    });
    for (const [number, host] of hosts.entries()) {
      if (card < (options[number]?.nics ?? 2)) {
        createCard(database, { host, number, card, network });
      }
    }
  }
}

interface Card {
  readonly host: Row;
  readonly number: number;
  readonly card: number;
  readonly network: Row;
}

function createCard(database: Database, { host, number, card, network }: Card): void {
  const management = card === 0;
  database.create('PIF', {
    device: `eth${card}`,
    host: host.ref,
    network: network.ref,
    MAC: cardMac(number, card),
    MTU: 1500,
    VLAN: -1,
    physical: true,
    managed: true,
    management,
    currently_attached: true,
    metrics: database.create('PIF_metrics', { carrier: true, speed: 10_000 }).ref,
    ...(management ? { ip_configuration_mode: 'Static', IP: host.text('address') } : {}),
  });
}

function createRepository(database: Database, options: RepositoryOptions, hosts: readonly Row[]): Row {
  const { name, type, size, shared = (options.hosts?.length ?? hosts.length) > 1 } = options;
  const content = type === 'iso' ? 'iso' : 'user';
  const volumes = type.startsWith('lvm') && options.rawVolumes !== true ? { use_vhd: 'true' } : {};
  const facts = { name_label: name, type, content_type: content, shared, physical_size: size };
  const sr = database.create('SR', {
    ...facts,
    sm_config: volumes,
    allowed_operations: ['vdi_create', 'vdi_destroy', 'vdi_resize', 'scan', 'plug', 'unplug'],
  });
  for (const [number, host] of hosts.entries()) {
    const attached = options.hosts === undefined || options.hosts.includes(number);
    // A shared repository has an attachment on every host, whether or not it works there.
    if (attached || shared) {
      const device =
        options.formats === undefined ? {} : { 'preferred-image-formats': options.formats.join() };
      const facts = { host: host.ref, SR: sr.ref, device_config: device };
      database.create('PBD', { ...facts, currently_attached: attached });
    }
  }
  return sr;
}

function createGpus(database: Database, { group, hosts: numbers }: GpuOptions, hosts: readonly Row[]): void {
  const { ref } = database.create('GPU_group', { name_label: group });
  for (const number of numbers) {
    const host = hosts[number]?.ref;
    if (host === undefined) {
      throw new Error(`no host ${number}`);
    }
    database.create('PGPU', { GPU_group: ref, host });
  }
}

export interface Estate {
  readonly hosts: readonly Row[];
  /** The machines that stand for the hosts' own systems, by the hosts' refs. */
  readonly controlDomains: ReadonlyMap<string, string>;
}

/** Fills an empty database with a pool; `addressOf` gives each host its address by its number. */
export function createEstate(
  database: Database,
  options: EstateOptions,
  addressOf: (host: number) => string,
): Estate {
  const described = options.hosts ?? ONE_HOST;
  const hosts = described.map((one, number) => createHost(database, one, number, addressOf(number)));
  const domains = hosts.map((host) => [host.ref, createControlDomain(database, host).ref] as const);
  createNetworks(database, hosts, described);
  for (const name of options.networks ?? []) {
    database.create('network', {
      name_label: name,
      bridge: `net${randomUUID().slice(0, 8)}`,
      MTU: 1500,
      managed: true,
    });
  }
  const repositories = (options.repositories ?? REPOSITORIES).map((one) =>
    createRepository(database, one, hosts),
  );
  for (const gpus of options.gpus ?? []) {
    createGpus(database, gpus, hosts);
  }
  for (const type of new Set(repositories.map((sr) => sr.text('type')))) {
    const own = (options.repositories ?? []).filter((one) => one.type === type);
    const formats = new Set(['vhd', ...own.flatMap((one) => one.formats ?? [])]);
    const supported = type === 'iso' ? [] : [...formats];
    database.create('SM', { type, name_label: type, supported_image_formats: supported });
  }
  for (const template of stockTemplates()) {
    database.create('VM', template);
  }
  const [master, repository] = [hosts[0], repositories[0]];
  database.create('pool', {
    name_label: 'simulated',
    ...(master === undefined ? {} : { master: master.ref }),
    ...(repository === undefined ? {} : { default_SR: repository.ref }),
  });
  return { hosts, controlDomains: new Map(domains) };
}
