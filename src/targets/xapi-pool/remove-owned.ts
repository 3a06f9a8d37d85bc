import { toXenferryError } from '../../model/errors.js';
import { isFault, type Ref, runTask, type VmRecord, type XapiClient } from '../../xapi/index.js';
import { destroyVdi } from './destroy-vdi.js';
import { isTemplateOfOthers, ownerOf } from './ownership.js';
import { removeNetwork } from './remove-network.js';

export interface Removal {
  /** Names of what was removed, such as `VM web`. */
  readonly removed: readonly string[];
  /** What was not, each with the reason. */
  readonly left: readonly { readonly what: string; readonly reason: string }[];
}

/**
 * Removes what carries the id of one of `jobIds`, and nothing else: VMs with their devices, disks, networks, snapshots
 * that we took. VMs with a UUID of `kept` stay, with the disks that hang on them and the snapshots of both, and so do disks
 * with one of them. What somebody
 * uses, such as a VM that runs, is left. One pass over the pool for all jobs. Rejects as `XapiClient.call` does when the
 * pool cannot be read.
 */
export async function removeOwned(
  client: XapiClient,
  jobIds: ReadonlySet<string>,
  kept: ReadonlySet<string> = new Set(),
): Promise<Removal> {
  const removed: string[] = [];
  const left: { what: string; reason: string }[] = [];
  const attempt = async (what: string, hindrance: string | null, action: () => Promise<unknown>) => {
    try {
      if (hindrance === null) {
        await action();
        removed.push(what);
      } else left.push({ what, reason: hindrance });
    } catch (error) {
      left.push({ what, reason: toXenferryError(error).message });
    }
  };
  const owned = <T extends { uuid: string; other_config: Record<string, string> }>(
    records: Record<Ref, T>,
  ): [Ref, T][] => Object.entries(records).filter(([, record]) => jobIds.has(ownerOf(record) ?? ''));

  const vms = await client.call('VM.get_all_records', []);
  const keptVbds = new Set<Ref>();
  const keptSnapshots = new Set<Ref>();
  const keep = ({ VBDs, snapshots }: VmRecord) => {
    for (const vbd of VBDs) keptVbds.add(vbd);
    for (const snapshot of snapshots) keptSnapshots.add(snapshot);
  };
  const names = new Map<Ref, string>();
  const ours = owned(vms).filter(([, record]) => record.is_a_snapshot || !isTemplateOfOthers(record));
  // Machines first: whether a snapshot goes depends on whether its machine does.
  for (const [vm, record] of ours.filter(([, { is_a_snapshot }]) => !is_a_snapshot)) {
    for (const snapshot of record.snapshots) names.set(snapshot, record.name_label);
    const hindrance =
      record.power_state === 'Halted'
        ? null
        : `it is ${record.power_state.toLowerCase()}; shut it down and clean up again`;
    if (kept.has(record.uuid) || hindrance !== null) keep(record);
    if (kept.has(record.uuid)) continue;
    await attempt(`VM ${record.name_label}`, hindrance, () => runTask(client, 'VM.destroy', [vm]));
  }
  for (const [vm, record] of ours.filter(([, { is_a_snapshot }]) => is_a_snapshot)) {
    if (keptSnapshots.has(vm)) {
      keep(record);
      continue;
    }
    const what = `snapshot ${record.name_label} of ${names.get(vm) ?? 'a VM'}`;
    await attempt(what, null, () => runTask(client, 'VM.destroy', [vm]));
  }
  // After the VMs: their disks hang on nothing now.
  for (const [vdi, record] of owned(await client.call('VDI.get_all_records', []))) {
    if (kept.has(record.uuid) || record.VBDs.some((vbd) => keptVbds.has(vbd))) continue;
    const hindrance = (await hasUser(client, vms, record.VBDs)) ? 'a VM has it' : null;
    await attempt(`disk ${record.name_label}`, hindrance, () => destroyVdi(client, vdi));
  }
  for (const [network, record] of owned(await client.call('network.get_all_records', []))) {
    const hindrance = record.VIFs.length === 0 ? null : 'a VM is on it';
    await attempt(`network ${record.name_label}`, hindrance, () => removeNetwork(client, network));
  }
  return { removed, left };
}

/** Whether a VM has a disk; a host has it for a while after a transfer, and lets go of it. */
async function hasUser(
  client: XapiClient,
  vms: Readonly<Record<Ref, VmRecord>>,
  vbds: readonly Ref[],
): Promise<boolean> {
  for (const vbd of vbds) {
    try {
      const { VM } = await client.call('VBD.get_record', [vbd]);
      if (vms[VM]?.is_control_domain !== true) return true;
    } catch (error) {
      if (!isFault(error, 'HANDLE_INVALID')) throw error;
    }
  }
  return false;
}
