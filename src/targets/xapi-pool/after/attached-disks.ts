import type { Ref, VbdRecord, VmRecord, XapiClient } from '../../../xapi/index.js';

/** A disk as it hangs on a VM. */
export interface AttachedDisk {
  readonly vbd: Ref;
  readonly record: VbdRecord;
}

/** A VM's disks in the machine's order; CD drives are none. Rejects as `XapiClient.call` does. */
export async function attachedDisks(
  client: XapiClient,
  { VBDs }: Pick<VmRecord, 'VBDs'>,
): Promise<AttachedDisk[]> {
  const all = await Promise.all(
    VBDs.map(async (vbd) => ({ vbd, record: await client.call('VBD.get_record', [vbd]) })),
  );
  return all
    .filter(({ record }) => record.type === 'Disk')
    .sort((a, b) => Number(a.record.userdevice) - Number(b.record.userdevice));
}

/** What hangs on a VM now in the place of `userdevice`; null for nothing. Rejects as `XapiClient.call` does. */
export async function diskAt(client: XapiClient, vm: Ref, userdevice: string): Promise<AttachedDisk | null> {
  const disks = await attachedDisks(client, await client.call('VM.get_record', [vm]));
  return disks.find(({ record }) => record.userdevice === userdevice) ?? null;
}

/**
 * Has a VM use `vdi` in the place that `record` describes, whatever is there now; may be done again after a failure.
 * Rejects as `XapiClient.call` does.
 */
export async function hangDisk(client: XapiClient, vm: Ref, record: VbdRecord, vdi: Ref): Promise<void> {
  const present = await diskAt(client, vm, record.userdevice);
  if (present?.record.VDI === vdi) return;
  if (present !== null) await client.call('VBD.destroy', [present.vbd]);
  await client.call('VBD.create', [{ ...record, type: 'Disk', VM: vm, VDI: vdi }]);
}
