import type { Ref, XapiClient } from '../../xapi/index.js';
import { isLocked } from './create-vm.js';
import { ownerOf } from './ownership.js';

/** Something in a pool that a job made. */
export interface OwnedObject {
  readonly kind: 'vm' | 'disk' | 'network';
  readonly ref: Ref;
  readonly uuid: string;
  readonly name: string;
  readonly jobId: string;
  /** Of a VM: nobody can start it, because its import is not verified. */
  readonly locked: boolean;
}

/** Everything that jobs whose id begins with `prefix` made. Rejects as `XapiClient.call` does. */
export async function findOwned(client: XapiClient, prefix: string): Promise<OwnedObject[]> {
  const found: OwnedObject[] = [];
  const add = <T extends Marked>(
    kind: OwnedObject['kind'],
    records: Record<Ref, T>,
    locked: (record: T) => boolean,
  ) => {
    for (const [ref, record] of Object.entries(records)) {
      const jobId = ownerOf(record);
      if (jobId === null || !jobId.startsWith(prefix)) continue;
      const { uuid, name_label: name } = record;
      found.push({ kind, ref, uuid, name, jobId, locked: locked(record) });
    }
  };
  const vms = await client.call('VM.get_all_records', []);
  const machines = Object.entries(vms).filter(([, vm]) => !vm.is_a_snapshot && !vm.is_a_template);
  add('vm', Object.fromEntries(machines), isLocked);
  const vdis = await client.call('VDI.get_all_records', []);
  const disks = Object.entries(vdis).filter(([, vdi]) => !vdi.is_a_snapshot);
  add('disk', Object.fromEntries(disks), () => false);
  add('network', await client.call('network.get_all_records', []), () => false);
  return found;
}

interface Marked {
  readonly uuid: string;
  readonly name_label: string;
  readonly other_config: Record<string, string>;
}
