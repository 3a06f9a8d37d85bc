import { isFault, type Ref, type VmRecord, type XapiClient } from '../../xapi/index.js';
import { cdVbdRecord, vifRecord } from './device-records.js';
import { lostSettings } from './lost-settings.js';
import { SELF_KEY } from './ownership.js';
import type { PoolView } from './pool-view.js';
import { applyPrivilegedSettings } from './privileged-settings.js';
import { type VmSpec, vmRecord } from './vm-record.js';

const DEFAULT_MTU = 1500;
/** What nobody may do before the disks are known to be right. */
const BLOCKED = ['start', 'start_on'];
const REASON = 'Xenferry: the import is not verified yet';

export interface CreatedVm {
  readonly vm: Ref;
  readonly uuid: string;
  /** What the machine had and the VM has not, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * A VM with all but its disks, that cannot be started. `onCreated` is told of it at once, so that it can be removed
 * when the rest fails. Rejects as `XapiClient.call` does.
 */
export async function createVm(
  client: XapiClient,
  view: PoolView,
  spec: VmSpec,
  onCreated: (vm: Ref) => void,
  signal: AbortSignal,
): Promise<CreatedVm> {
  const { planned, placement, jobId } = spec;
  const options = { signal };
  const vm = await client.call('VM.create', [vmRecord(spec)], options);
  onCreated(vm);
  // The constructor takes no notice of them; a template cannot be started until they are there.
  const blocked = Object.fromEntries(BLOCKED.map((operation) => [operation, REASON]));
  await client.call('VM.set_blocked_operations', [vm, blocked], options);
  await client.call('VM.set_is_a_template', [vm, false], options);
  const { uuid } = await client.call('VM.get_record', [vm], options);
  await client.call('VM.add_to_other_config', [vm, SELF_KEY, uuid], options);
  await client.call('VBD.create', [cdVbdRecord(vm, jobId)], options);
  for (const [index, network] of placement.networks.entries()) {
    const mtu = view.networks.get(network)?.MTU ?? DEFAULT_MTU;
    const mac = planned.nics[index]?.mac ?? null;
    await client.call('VIF.create', [vifRecord({ vm, index, network, mac, mtu, jobId })], options);
  }
  const notes = [
    ...lostSettings(planned),
    ...(await createVtpm(client, spec, vm, signal)),
    ...(await applyPrivilegedSettings(client, vm, spec, signal)),
  ];
  return { vm, uuid, notes };
}

/** Whether an import that was not verified holds the VM back. */
export function isLocked({ blocked_operations }: VmRecord): boolean {
  return BLOCKED.some((operation) => blocked_operations[operation] === REASON);
}

/** Has a VM be held back again, as long as its disks are not known to be right. Rejects as `XapiClient.call` does. */
export async function lockVm(client: XapiClient, vm: Ref): Promise<void> {
  const { blocked_operations } = await client.call('VM.get_record', [vm]);
  for (const operation of BLOCKED) {
    if (Object.hasOwn(blocked_operations, operation)) continue;
    await client.call('VM.add_to_blocked_operations', [vm, operation, REASON]);
  }
}

/** Lets a VM be started. Rejects as `XapiClient.call` does. */
export async function releaseVm(client: XapiClient, vm: Ref): Promise<void> {
  for (const operation of BLOCKED) await client.call('VM.remove_from_blocked_operations', [vm, operation]);
}

/** A pool without the feature still gets the machine: what the TPM held is lost in any case. */
async function createVtpm(
  client: XapiClient,
  { planned: { machine } }: VmSpec,
  vm: Ref,
  signal: AbortSignal,
): Promise<string[]> {
  if (!machine.virtualTpm) return [];
  if (machine.firmware !== 'efi') return ['The virtual TPM is left out: Xen has one for UEFI only.'];
  try {
    await client.call('VTPM.create', [vm, false], { signal });
    return ['The virtual TPM is a new, empty one: keys that were in the old one are not in it.'];
  } catch (error) {
    if (!isFault(error, 'FEATURE_RESTRICTED', 'LICENCE_RESTRICTION', 'MESSAGE_METHOD_UNKNOWN')) throw error;
    return ['The virtual TPM is left out: the pool has none.'];
  }
}
