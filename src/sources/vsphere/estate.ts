import { z } from 'zod';
import type { EstateFacts, Problem } from '../../model/inventory.js';
import type { Placement } from '../../model/virtual-machine.js';
import {
  arrayOf,
  FLAG,
  REF,
  type Ref,
  type RetrievedObject,
  type RetrieveOptions,
  retrieveOne,
  TEXT,
  type VsphereClient,
  vimObject,
  WHOLE_NUMBER,
} from '../../vsphere/index.js';
import { problemOf } from '../problems.js';
import { CLUSTER_CONFIG, type ClusterFacts, clusterFacts } from './cluster-facts.js';
import { inventoryName } from './inventory-name.js';
import { retrieveKnown } from './known-properties.js';
import { hostNetworks, PORT_GROUP_CONFIG, portGroupNetwork, STANDARD_PORT_GROUPS } from './networks.js';
import { VAPP_CONFIG, type VApp } from './vapps.js';

/** Folders in folders; vSphere's are far less deep, and a circle ends here. */
const MAX_DEPTH = 100;

/** What is asked for of the objects around machines, by their paths; none is there of every object. */
const NODE = z.object({
  name: TEXT.optional(),
  parent: REF.optional(),
  parentFolder: REF.optional(),
  configurationEx: CLUSTER_CONFIG.optional(),
  'hardware.cpuInfo': vimObject({
    numCpuPackages: WHOLE_NUMBER.optional(),
    numCpuCores: WHOLE_NUMBER.optional(),
  }).optional(),
  'hardware.memorySize': WHOLE_NUMBER.optional(),
  'runtime.inMaintenanceMode': FLAG.optional(),
  'config.graphicsInfo': arrayOf(vimObject({ deviceName: TEXT.default('') })),
  'config.network.portgroup': STANDARD_PORT_GROUPS,
  'summary.type': TEXT.optional(),
  'summary.capacity': WHOLE_NUMBER.optional(),
  'summary.freeSpace': WHOLE_NUMBER.optional(),
  key: TEXT.optional(),
  config: PORT_GROUP_CONFIG.optional(),
  'summary.opaqueNetworkId': TEXT.optional(),
  vAppConfig: VAPP_CONFIG.optional(),
});
type Node = z.output<typeof NODE> & { readonly ref: Ref };

interface Kind {
  readonly type: string;
  readonly properties: readonly (keyof z.output<typeof NODE>)[];
  /** Only a vCenter has them. */
  readonly central?: true;
}

const KINDS: readonly Kind[] = [
  { type: 'Datacenter', properties: ['name', 'parent'] },
  { type: 'Folder', properties: ['name', 'parent'] },
  { type: 'ComputeResource', properties: ['name', 'parent', 'configurationEx'] },
  {
    type: 'HostSystem',
    properties: [
      'name',
      'parent',
      'hardware.cpuInfo',
      'hardware.memorySize',
      'runtime.inMaintenanceMode',
      'config.graphicsInfo',
      'config.network.portgroup',
    ],
  },
  { type: 'ResourcePool', properties: ['name', 'parent'] },
  {
    type: 'Datastore',
    properties: ['name', 'parent', 'summary.type', 'summary.capacity', 'summary.freeSpace'],
  },
  { type: 'VirtualApp', properties: ['name', 'parent', 'parentFolder', 'vAppConfig'], central: true },
  { type: 'DistributedVirtualSwitch', properties: ['name'], central: true },
  { type: 'DistributedVirtualPortgroup', properties: ['name', 'key', 'config'], central: true },
  { type: 'OpaqueNetwork', properties: ['name', 'summary.opaqueNetworkId'], central: true },
];

const FIELDS = z.object({ field: arrayOf(vimObject({ key: TEXT, name: TEXT })) });

/** The world that machines live in. */
export class Estate {
  readonly problems: readonly Problem[];
  readonly #nodes: ReadonlyMap<string, Node>;
  readonly #portGroups: ReadonlyMap<string, string>;
  readonly #clusters: ReadonlyMap<string, ClusterFacts>;
  readonly #attributes: ReadonlyMap<string, string>;

  private constructor(
    nodes: readonly Node[],
    attributes: ReadonlyMap<string, string>,
    problems: readonly Problem[],
  ) {
    this.#nodes = new Map(nodes.map((node) => [keyOf(node.ref), node]));
    this.#attributes = attributes;
    this.problems = problems;
    this.#portGroups = new Map(
      this.#all().flatMap(({ key, 'summary.opaqueNetworkId': opaque, name }) => {
        const id = key ?? opaque;
        return id === undefined || name === undefined ? [] : [[id, inventoryName(name)] as const];
      }),
    );
    this.#clusters = new Map(
      this.#all().flatMap(({ ref, configurationEx }) =>
        ref.type === 'ClusterComputeResource' && configurationEx !== undefined
          ? [[ref.value, clusterFacts(configurationEx)] as const]
          : [],
      ),
    );
  }

  /** `attributes` are the names of custom attributes by their keys. Of objects that are told twice the last counts. */
  static of(
    objects: readonly RetrievedObject[],
    attributes: ReadonlyMap<string, string>,
    problems: readonly Problem[],
  ): Estate {
    return new Estate(objects.map(readNode), attributes, problems);
  }

  nameOf(ref: Ref | undefined): string | null {
    const name = this.#node(ref)?.name;
    return name === undefined ? null : inventoryName(name);
  }

  /** Of a distributed switch, or of NSX, by its key. */
  portGroupName(key: string): string | undefined {
    return this.#portGroups.get(key);
  }

  attributeName(key: string): string | undefined {
    return this.#attributes.get(key);
  }

  /** The cluster that a host is in; null for one that stands alone. */
  clusterOf(
    host: Ref | undefined,
  ): { readonly name: string | null; readonly facts: ClusterFacts | null } | null {
    const parent = this.#node(host)?.parent;
    if (parent?.type !== 'ClusterComputeResource') return null;
    return { name: this.nameOf(parent), facts: this.#clusters.get(parent.value) ?? null };
  }

  /** The datacenter around an object: its name, and its path from the root as URLs of datastores name it. */
  datacenterOf(ref: Ref | undefined): { readonly name: string; readonly path: string } | null {
    const line = this.#lineage(ref);
    const start = line.findIndex((node) => node.ref.type === 'Datacenter');
    const name = line[start]?.name;
    if (name === undefined) return null;
    // The root folder is the last, and its name stands in no path.
    const names = line.slice(start, -1).flatMap((node) => node.name ?? []);
    return { name: inventoryName(name), path: (names.length === 0 ? [name] : names.reverse()).join('/') };
  }

  /** Path of a folder or vApp below the datacenter's own folder of machines; null for that itself. */
  folderOf(ref: Ref | undefined): string | null {
    const line = this.#lineage(ref);
    // The last below the datacenter is its own folder.
    const end = line.findIndex((node) => node.ref.type === 'Datacenter') - 1;
    const names = line.slice(0, Math.max(0, end)).flatMap(({ name }) => name ?? []);
    return names.length === 0 ? null : names.reverse().map(inventoryName).join('/');
  }

  /** Path of a resource pool or vApp below the pool that every cluster and host has, or the name of that. */
  resourcePoolOf(ref: Ref | undefined): Placement['resourcePool'] {
    const pools = this.#lineage(ref).filter(
      ({ ref: { type } }) => type === 'ResourcePool' || type === 'VirtualApp',
    );
    const names = pools.flatMap(({ name }) => (name === undefined ? [] : [inventoryName(name)]));
    return (names.length > 1 ? names.slice(0, -1).reverse().join('/') : names[0]) ?? null;
  }

  vapps(): readonly VApp[] {
    return this.#all().flatMap(({ ref, parent, vAppConfig }) =>
      ref.type === 'VirtualApp' && vAppConfig !== undefined ? [{ ref, parent, config: vAppConfig }] : [],
    );
  }

  facts(): EstateFacts {
    const nodes = this.#all();
    const hosts = nodes.filter(({ ref }) => ref.type === 'HostSystem');
    return {
      hosts: hosts.map((node) => ({
        name: this.nameOf(node.ref) ?? node.ref.value,
        datacenter: this.datacenterOf(node.ref)?.name ?? null,
        cluster: this.clusterOf(node.ref)?.name ?? null,
        cpus: node['hardware.cpuInfo']?.numCpuPackages ?? null,
        cores: node['hardware.cpuInfo']?.numCpuCores ?? null,
        memoryBytes: node['hardware.memorySize'] ?? null,
        inMaintenance: node['runtime.inMaintenanceMode'] ?? null,
        gpus: node['config.graphicsInfo'].map(({ deviceName }) => deviceName),
      })),
      datastores: nodes
        .filter(({ ref }) => ref.type === 'Datastore')
        .map((node) => ({
          name: this.nameOf(node.ref) ?? node.ref.value,
          type: node['summary.type'] ?? null,
          capacityBytes: node['summary.capacity'] ?? null,
          freeBytes: node['summary.freeSpace'] ?? null,
        })),
      networks: [
        ...hostNetworks(hosts.flatMap((node) => node['config.network.portgroup'])),
        ...nodes.flatMap(({ name, config }) =>
          name === undefined || config === undefined
            ? []
            : [portGroupNetwork(inventoryName(name), this.nameOf(config.distributedVirtualSwitch), config)],
        ),
      ],
    };
  }

  #all(): readonly Node[] {
    return [...this.#nodes.values()];
  }

  #node(ref: Ref | undefined): Node | undefined {
    return ref === undefined ? undefined : this.#nodes.get(keyOf(ref));
  }

  /** An object with all that is around it, itself first. */
  #lineage(ref: Ref | undefined): readonly Node[] {
    const line: Node[] = [];
    for (let node = this.#node(ref); node !== undefined && line.length < MAX_DEPTH; ) {
      line.push(node);
      node = this.#node(node.parent ?? node.parentFolder);
    }
    return line;
  }
}

/** Asks a server for all that is around machines. Rejects as `retrieve` does; what may not be seen leaves a problem. */
export async function readEstate(client: VsphereClient, options: RetrieveOptions): Promise<Estate> {
  const { about, customFieldsManager } = await client.content();
  const kinds = KINDS.filter(({ central }) => central !== true || about.apiType === 'VirtualCenter');
  const all: RetrievedObject[] = [];
  const problems: Problem[] = [];
  for (const { type, properties } of kinds) {
    const objects: RetrievedObject[] = [];
    for await (const page of retrieveKnown(client, { type, properties }, options)) objects.push(...page);
    // vApps come with resource pools as well; the fuller answer is the later one.
    all.push(...objects);
    const hidden = objects.filter(({ missing }) => missing.length > 0);
    const reason = hidden[0]?.missing[0]?.fault.message;
    if (reason !== undefined) {
      const message = `of ${hidden.length} objects of the class ${type} not everything may be seen: ${reason}`;
      problems.push(problemOf('warning', 'VSPHERE_DENIED', message, { file: client.shown, machineId: null }));
    }
  }
  const attributes = await attributeNames(client, customFieldsManager, options);
  return Estate.of(all, attributes, problems);
}

function readNode({ ref, properties }: RetrievedObject): Node {
  const parsed = NODE.safeParse(properties);
  if (parsed.success) return { ...parsed.data, ref };
  // Most else hangs on what it is called and where it is.
  const { name, parent } = properties;
  return { ...NODE.parse({ name: TEXT.safeParse(name).data, parent: REF.safeParse(parent).data }), ref };
}

async function attributeNames(
  client: VsphereClient,
  manager: Ref | undefined,
  options: RetrieveOptions,
): Promise<ReadonlyMap<string, string>> {
  if (manager === undefined) return new Map();
  const { field } = FIELDS.parse(await retrieveOne(client, manager, ['field'], options));
  return new Map(field.map(({ key, name }) => [key, name]));
}

function keyOf({ type, value }: Ref): string {
  return `${type}:${value}`;
}
