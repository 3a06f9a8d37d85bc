import type { PlannedNetwork } from '../model/destination.js';
import { createNetwork, findNetworks, type PoolView, readPool } from '../targets/xapi-pool/index.js';
import type { XapiClient } from '../xapi/index.js';

/** The pool as it will be. */
export function withPlannedNetworks(view: PoolView, planned: readonly PlannedNetwork[]): PoolView {
  const missing = planned.filter(({ name }) => findNetworks(view, name).length === 0);
  const networks = new Map(view.networks);
  for (const { name, mtu } of missing) {
    const none = { uuid: '', bridge: '', other_config: {}, PIFs: [], VIFs: [] };
    networks.set(`planned ${name}`, { ...none, name_label: name, MTU: mtu });
  }
  return { ...view, networks };
}

/**
 * Makes the planned networks that the pool does not have, in their order: a VLAN may be on a bond that is made before
 * it. Returns the pool with them. Rejects as `createNetwork` does.
 */
export async function readyNetworks(
  client: XapiClient,
  networks: readonly PlannedNetwork[],
  jobId: string,
  signal: AbortSignal,
): Promise<PoolView> {
  let view = await readPool(client, signal);
  for (const network of networks) {
    if (findNetworks(view, network.name).length > 0) continue;
    await createNetwork(client, view, { ...network, jobId }, signal);
    view = await readPool(client, signal);
  }
  return view;
}
