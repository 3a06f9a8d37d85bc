import { XenferryError } from '../../../model/errors.js';
import { isFault, type Ref, runTask, type XapiClient } from '../../../xapi/index.js';
import type { PoolView } from '../pool-view.js';
import { attachedDisks } from './attached-disks.js';
import { claimMoved } from './claim.js';
import type { Moving } from './moving-disk.js';
import { whenFree } from './when-free.js';

export interface Destination {
  /** Of its pool. */
  readonly client: XapiClient;
  readonly view: PoolView;
  readonly host: Ref;
  /** In the order of the machine's network cards; null in the same pool, where they stay on theirs. */
  readonly networks: readonly Ref[] | null;
}

/** VM, what the destination told, live, repositories by VDI, networks by VIF, options. */
type Journey = [
  Ref,
  Record<string, string>,
  true,
  Record<Ref, Ref>,
  Record<Ref, Ref>,
  Record<string, string>,
];

/**
 * Sends a VM with its disks to a host, in its pool or another; running if it runs. The pool that sends asks first
 * whether it can be done, and cleans up after a failure; the VM is then where it was. Returns
 * it as its new pool calls it. Rejects with POOL_*, CANCELED.
 */
export async function sendVm(client: XapiClient, moving: Moving, destination: Destination): Promise<Ref> {
  const { vm, record, disks, jobId, signal } = moving;
  const there = destination.client;
  const network = managementNetwork(destination);
  const receiver = await there.call('host.migrate_receive', [destination.host, network, {}], { signal });
  const storage = Object.fromEntries(disks.map(({ vdi, sr }) => [vdi, sr]));
  const networks = await networkMap(client, record.VIFs, destination.networks);
  // What pools know is the live move; a VM that is halted arrives so.
  const journey: Journey = [vm, receiver, true, storage, networks, {}];
  await client.call('VM.assert_can_migrate', journey, { signal });
  let arrived: Ref;
  try {
    await whenFree(client, signal, () => runTask(client, 'VM.migrate_send', journey, { signal }));
    arrived = await there.call('VM.get_by_uuid', [record.uuid]);
  } catch (failure) {
    const found = await arrivedAfterAll(client, moving, destination);
    if (found === null) throw failure;
    arrived = found;
  }
  const vdis = await attachedDisks(there, await there.call('VM.get_record', [arrived])).then(
    (sent) => sent.map((disk) => disk.record.VDI),
    () => [],
  );
  await claimMoved(there, vdis, jobId);
  return arrived;
}

/** The one that a host has its address on. */
function managementNetwork({ client, view, host }: Destination): Ref {
  const pif = [...view.pifs.values()].find((one) => one.host === host && one.management);
  if (pif !== undefined) return pif.network;
  throw new XenferryError('POOL_NETWORK_MISSING', 'the host has no management network', {
    file: client.shown,
  });
}

async function networkMap(
  client: XapiClient,
  vifs: readonly Ref[],
  networks: readonly Ref[] | null,
): Promise<Record<string, Ref>> {
  if (networks === null) return {};
  const cards = await Promise.all(
    vifs.map(async (vif) => ({ vif, device: Number((await client.call('VIF.get_record', [vif])).device) })),
  );
  const inOrder = cards.sort((a, b) => a.device - b.device);
  // What is missing the pool asks for by name.
  return Object.fromEntries(
    inOrder.flatMap(({ vif }, index) => (networks[index] ? [[vif, networks[index]]] : [])),
  );
}

/** A move whose task was lost sight of may have ended well. */
async function arrivedAfterAll(
  client: XapiClient,
  { vm, record }: Moving,
  { client: there, host }: Destination,
): Promise<Ref | null> {
  try {
    if (there === client) return (await client.call('VM.get_record', [vm])).resident_on === host ? vm : null;
    return (await isThere(client, vm)) ? null : await there.call('VM.get_by_uuid', [record.uuid]);
  } catch {
    // The failure itself tells more.
    return null;
  }
}

async function isThere(client: XapiClient, vm: Ref): Promise<boolean> {
  try {
    await client.call('VM.get_record', [vm]);
    return true;
  } catch (error) {
    if (isFault(error, 'HANDLE_INVALID')) return false;
    throw error;
  }
}
