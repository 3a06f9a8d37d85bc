import type { NetworkBase, PlannedNetwork } from '../../model/destination.js';
import { toXenferryError, XenferryError } from '../../model/errors.js';
import { NULL_REF, type Ref, runTask, type XapiClient } from '../../xapi/index.js';
import { ownedBy, SELF_KEY } from './ownership.js';
import type { PoolView } from './pool-view.js';
import { removeNetwork } from './remove-network.js';

/** A network that a pool does not have yet. */
export interface NewNetwork extends PlannedNetwork {
  /** Of the batch: machines share it. */
  readonly jobId: string;
}

/**
 * Makes a network on all hosts, or leaves nothing behind. Needs the role pool-operator.
 * Rejects with POOL_NETWORK_MISSING for a device that is not there, or as `XapiClient.call` does.
 */
export async function createNetwork(
  client: XapiClient,
  view: PoolView,
  { name, mtu, over, jobId }: NewNetwork,
  signal: AbortSignal,
): Promise<Ref> {
  const record = { name_label: name, name_description: '', MTU: mtu, other_config: ownedBy(jobId) };
  const wires = wiresOf(client, view, over, signal);
  const network = await client.call('network.create', [record], { signal });
  try {
    const { uuid } = (await client.call('network.get_all_records', [], { signal }))[network] ?? {};
    if (uuid !== undefined) await client.call('network.add_to_other_config', [network, SELF_KEY, uuid]);
    for (const wire of wires) await wire(network);
    return network;
  } catch (error) {
    // The failure itself matters; what stays carries the job's id.
    await removeNetwork(client, network).catch(() => {});
    throw error;
  }
}

/**
 * What stands against making networks in this order, by the network's name: devices that are not there. Needs nothing but
 * to look.
 */
export function networkObstacles(
  view: PoolView,
  networks: readonly PlannedNetwork[],
): ReadonlyMap<string, string> {
  const obstacles = new Map<string, string>();
  const made = new Set<string>();
  for (const { name, over } of networks) {
    const error = over.kind === 'vlan' && made.has(over.on) ? null : missingDevice(view, over);
    if (error !== null) obstacles.set(name, error);
    made.add(name);
  }
  return obstacles;
}

function missingDevice(view: PoolView, over: NetworkBase): string | null {
  try {
    if (over.kind === 'vlan') untaggedPif(view, over.on);
    if (over.kind === 'bond') bondMembers(view, over.devices);
    return null;
  } catch (error) {
    return toXenferryError(error).message;
  }
}

/** What connects a network, found before there is one. */
function wiresOf(
  client: XapiClient,
  view: PoolView,
  over: NetworkBase,
  signal: AbortSignal,
): ((network: Ref) => Promise<string>)[] {
  switch (over.kind) {
    case 'internal':
      return [];
    case 'vlan': {
      const pif = untaggedPif(view, over.on);
      const { tag } = over;
      return [(network) => runTask(client, 'pool.create_VLAN_from_PIF', [pif, network, tag], { signal })];
    }
    case 'bond': {
      const { mode, properties } = over;
      return bondMembers(view, over.devices).map(
        (pifs) => (network) =>
          runTask(client, 'Bond.create', [network, pifs, '', mode, { ...properties }], { signal }),
      );
    }
  }
}

/** The master's: XAPI finds those of the other hosts by it. */
function untaggedPif({ pifs, networks, master }: PoolView, on: string): Ref {
  for (const [ref, { device, network, host, VLAN, bond_slave_of }] of pifs) {
    const named = device === on || networks.get(network)?.name_label === on;
    if (named && host === master && VLAN === -1 && bond_slave_of === NULL_REF) return ref;
  }
  throw new XenferryError('POOL_NETWORK_MISSING', `the pool's master has no device or network ${on}`);
}

/** By host. */
function bondMembers({ pifs, hosts }: PoolView, devices: readonly string[]): Ref[][] {
  const byHost = new Map<Ref, Ref[]>([...hosts.keys()].map((host) => [host, []]));
  for (const [ref, { device, host, physical }] of pifs) {
    if (physical && devices.includes(device)) byHost.get(host)?.push(ref);
  }
  const members = [...byHost.values()];
  if (members.every(({ length }) => length === devices.length)) return members;
  throw new XenferryError('POOL_NETWORK_MISSING', `not every host has the devices ${devices.join(', ')}`);
}
