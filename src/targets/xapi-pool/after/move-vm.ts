import { toXenferryError, XenferryError } from '../../../model/errors.js';
import { NULL_REF, type Ref, runTask, type VmRecord, type XapiClient } from '../../../xapi/index.js';
import type { PoolView } from '../pool-view.js';
import { attachedDisks } from './attached-disks.js';
import { copyDisks } from './copy-disks.js';
import { migrateDisks } from './migrate-disks.js';
import type { MovingDisk } from './moving-disk.js';
import { type Destination, sendVm } from './send-vm.js';

export interface VmMove {
  readonly vm: Ref;
  /** Repositories, in the order of the machine's disks; in the same pool, a null reference lets a disk stay. */
  readonly storage: readonly Ref[];
  /** Where it is to run; null leaves that to the pool. */
  readonly host: Ref | null;
  /** Null: in the same pool. */
  readonly otherPool: OtherPool | null;
  readonly jobId: string;
  readonly signal: AbortSignal;
}

export interface OtherPool {
  readonly client: XapiClient;
  readonly view: PoolView;
  /** In the order of the machine's network cards. */
  readonly networks: readonly Ref[];
}

export interface MovedVm {
  /** In the pool where it is now. */
  readonly vm: Ref;
  /** What an operator should know, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Moves a VM: its disks to other repositories, itself to another host or pool. One that is halted is copied and cannot
 * be started meanwhile; one that runs goes on. When it fails the VM is where it was, but for single disks of one that
 * runs, which the message names. Live moves need the role vm-power-admin. Rejects with POOL_*, CANCELED.
 */
export async function moveVm(client: XapiClient, view: PoolView, move: VmMove): Promise<MovedVm> {
  const { vm, host, otherPool, jobId, signal } = move;
  const record = await client.call('VM.get_record', [vm], { signal });
  const disks = await movingDisks(client, otherPool?.view ?? view, record, move);
  const power = record.power_state;
  if (power !== 'Halted' && power !== 'Running') {
    throw new XenferryError('POOL_REFUSED', `${record.name_label} is ${power.toLowerCase()}`);
  }
  const sending = { vm, record, disks, jobId, signal };
  if (otherPool !== null) {
    return { vm: await sendVm(client, sending, destinationOf(otherPool, host, disks)), notes: [] };
  }
  if (power === 'Running') {
    if (host === null || host === record.resident_on) {
      await migrateDisks(client, sending);
      return { vm, notes: [] };
    }
    // Without disks to take along it needs no licence.
    if (disks.length === 0)
      await runTask(client, 'VM.pool_migrate', [vm, host, { live: 'true' }], { signal });
    else await sendVm(client, sending, { client, view, host, networks: null });
    return { vm, notes: [] };
  }
  const notes = await copyDisks(client, sending);
  if (host !== null) notes.push(...(await setHome(client, vm, host)));
  return { vm, notes };
}

/** The disks have moved already: what fails now is no failure of that. */
async function setHome(client: XapiClient, vm: Ref, host: Ref): Promise<string[]> {
  try {
    await client.call('VM.set_affinity', [vm, host]);
    return [];
  } catch (error) {
    return [`Its home host is not set: ${toXenferryError(error).message}.`];
  }
}

/** Those that are not where they belong. */
async function movingDisks(
  client: XapiClient,
  view: PoolView,
  vm: VmRecord,
  { storage, otherPool }: VmMove,
): Promise<MovingDisk[]> {
  const attached = await attachedDisks(client, vm);
  if (attached.length !== storage.length) {
    throw new XenferryError(
      'POOL_OBJECT_MISSING',
      `${vm.name_label} has ${attached.length} disks, not ${storage.length}`,
    );
  }
  const moving: MovingDisk[] = [];
  for (const [index, { record: attachment }] of attached.entries()) {
    const sr = storage[index] ?? NULL_REF;
    if (sr === NULL_REF && otherPool === null) continue;
    if (!view.storage.has(sr)) {
      throw new XenferryError('POOL_STORAGE_MISSING', `the pool has no repository for disk ${index}`);
    }
    const record = await client.call('VDI.get_record', [attachment.VDI]);
    if (record.VBDs.length > 1) {
      throw new XenferryError('POOL_REFUSED', `another VM uses ${record.name_label} as well`);
    }
    if (record.SR !== sr) moving.push({ index, attachment, vdi: attachment.VDI, record, sr });
  }
  return moving;
}

/** Without a host that was asked for, one that sees all the repositories. */
function destinationOf(
  { client, view, networks }: OtherPool,
  wanted: Ref | null,
  disks: readonly MovingDisk[],
): Destination {
  const sees = (address: string) =>
    disks.every(({ sr }) => view.storage.get(sr)?.addresses.includes(address) === true);
  const host = wanted ?? [...view.hosts].find(([, address]) => sees(address))?.[0];
  if (host !== undefined) return { client, view, host, networks };
  throw new XenferryError('POOL_STORAGE_MISSING', 'no host of the pool sees all the repositories', {
    file: client.shown,
  });
}
