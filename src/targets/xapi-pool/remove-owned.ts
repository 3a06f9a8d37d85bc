import { toXenferryError } from '../../model/errors.js';
import { type Ref, runTask, type XapiClient } from '../../xapi/index.js';
import { destroyVdi } from './destroy-vdi.js';
import { ownerOf } from './ownership.js';
import { removeNetwork } from './remove-network.js';

export interface Removal {
  /** Names of what was removed, such as `VM web`. */
  readonly removed: readonly string[];
  /** What was not, each with the reason. */
  readonly left: readonly { readonly what: string; readonly reason: string }[];
}

/**
 * Removes what carries the id of one of `jobIds`, and nothing else: VMs with their devices, disks, networks. VMs with a
 * UUID of `kept` stay, with the disks that hang on them. What somebody uses, such as a VM that runs, is left. One pass
 * over the pool for all jobs. Rejects as `XapiClient.call` does when the pool cannot be read.
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

  const keptVbds = new Set<Ref>();
  for (const [vm, record] of owned(await client.call('VM.get_all_records', []))) {
    if (record.is_a_snapshot || record.is_a_template) continue;
    if (kept.has(record.uuid)) {
      for (const vbd of record.VBDs) keptVbds.add(vbd);
      continue;
    }
    const hindrance = record.power_state === 'Halted' ? null : `it is ${record.power_state.toLowerCase()}`;
    await attempt(`VM ${record.name_label}`, hindrance, () => runTask(client, 'VM.destroy', [vm]));
  }
  // After the VMs: their disks hang on nothing now.
  for (const [vdi, record] of owned(await client.call('VDI.get_all_records', []))) {
    if (record.is_a_snapshot || record.VBDs.some((vbd) => keptVbds.has(vbd))) continue;
    const hindrance = record.VBDs.length === 0 ? null : 'a VM has it';
    await attempt(`disk ${record.name_label}`, hindrance, () => destroyVdi(client, vdi));
  }
  for (const [network, record] of owned(await client.call('network.get_all_records', []))) {
    const hindrance = record.VIFs.length === 0 ? null : 'a VM is on it';
    await attempt(`network ${record.name_label}`, hindrance, () => removeNetwork(client, network));
  }
  return { removed, left };
}
