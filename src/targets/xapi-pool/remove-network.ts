import { NULL_REF, type Ref, runTask, type XapiClient } from '../../xapi/index.js';

/** Removes a network with the VLANs or bonds below it. Rejects as `XapiClient.call` does. */
export async function removeNetwork(client: XapiClient, network: Ref): Promise<void> {
  const pifs = Object.values(await client.call('PIF.get_all_records', []));
  for (const { network: of, VLAN_master_of, bond_master_of } of pifs) {
    if (of !== network) continue;
    if (VLAN_master_of !== NULL_REF) await runTask(client, 'VLAN.destroy', [VLAN_master_of]);
    for (const bond of bond_master_of) await runTask(client, 'Bond.destroy', [bond]);
  }
  await runTask(client, 'network.destroy', [network]);
}
