import { type Ref, runTask, type XapiClient } from '../../../xapi/index.js';
import { ownerOf } from '../ownership.js';
import { attachedDisks } from './attached-disks.js';
import { claim } from './claim.js';

const DESCRIPTION = 'Xenferry: as it was imported, before its first start';

/**
 * A snapshot of a VM by that name; one that is there already is taken for it. It and its disks carry the job's id as
 * the VM does, so that they are removed with it. Takes the space that the VM writes from now on. Needs the role
 * vm-power-admin. Rejects with POOL_*, CANCELED.
 */
export async function snapshotVm(
  client: XapiClient,
  vm: Ref,
  name: string,
  signal: AbortSignal,
): Promise<Ref> {
  const record = await client.call('VM.get_record', [vm], { signal });
  const snapshot =
    (await named(client, record.snapshots, name)) ??
    (await runTask(client, 'VM.snapshot', [vm, name], { signal }));
  await client.call('VM.set_name_description', [snapshot, DESCRIPTION]);
  const jobId = ownerOf(record);
  if (jobId === null) return snapshot;
  const disks = await attachedDisks(client, await client.call('VM.get_record', [snapshot]));
  for (const disk of disks) await claim(client, 'VDI', disk.record.VDI, jobId);
  await claim(client, 'VM', snapshot, jobId);
  return snapshot;
}

async function named(client: XapiClient, snapshots: readonly Ref[], name: string): Promise<Ref | null> {
  for (const snapshot of snapshots) {
    const { name_label } = await client.call('VM.get_record', [snapshot]);
    if (name_label === name) return snapshot;
  }
  return null;
}
