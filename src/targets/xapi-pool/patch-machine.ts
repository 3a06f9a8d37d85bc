import type { BlockRecords, DiskConversionOptions } from '../../conversion/index.js';
import { firstFailure, XenferryError } from '../../model/errors.js';
import { NULL_REF, type Ref, type VmRecord, type XapiClient } from '../../xapi/index.js';
import { attachedDisks } from './after/attached-disks.js';
import { lockVm } from './create-vm.js';
import { comparePatch, patchVdi, type VdiPatch } from './patch-vdi.js';
import type { PoolView } from './pool-view.js';
import type { ReadBackAmount } from './read-back-vdi.js';
import type { TransferSlots } from './transfer-slots.js';

/** `VM_metrics.start_time` of a VM that nobody ever started, with or without separators (xapi, Date.epoch). */
const NEVER = /^1970-?01-?01T/;

/** Some blocks of one of a VM's disks. */
export type DiskPatch = Omit<DiskConversionOptions, 'signal' | 'journal'> & {
  /** What the VM's disk holds now where `allocated` does not mark the block. */
  readonly records: BlockRecords;
};

export interface MachinePatch {
  readonly client: XapiClient;
  readonly view: PoolView;
  /** Of all transfers to the pool. */
  readonly slots: TransferSlots;
  readonly vm: Ref;
  /** In the machine's disk order; `allocated` marks what is written, zeros too. */
  readonly disks: readonly DiskPatch[];
  readonly readBack: ReadBackAmount;
  readonly signal: AbortSignal;
  /** The machine's, for errors. */
  readonly name: string;
  /** Told of all blocks of the disks when all are written, before they are read back. */
  readonly onStored: (records: readonly BlockRecords[]) => Promise<void>;
}

export interface PatchedMachine {
  /** Of all blocks of the disks, as they are now. */
  readonly records: readonly BlockRecords[];
  /** Bytes of the disks that were compared. */
  readonly readBackBytes: number;
}

/**
 * Locks a VM that Xenferry has made, halted and never started, so that its disks can be patched. Rejects with
 * REFIX_REFUSED for any other, as `XapiClient.call` does.
 */
export async function lockUnstarted(client: XapiClient, vm: Ref): Promise<void> {
  await refuseStarted(client, await client.call('VM.get_record', [vm]));
  await lockVm(client, vm);
  // Only now nobody can start it any more.
  await refuseStarted(client, await client.call('VM.get_record', [vm]));
}

/**
 * Writes blocks of a VM's disks anew and compares them. The VM must be locked, and stays so until `releaseVm`: after a
 * failure nobody can start it, and the patch must be made again. Rejects as `patchVdi` does, with VERIFY_MISMATCH, and with
 * POOL_OBJECT_MISSING when the VM has other disks than the machine.
 */
export async function patchMachine(work: MachinePatch): Promise<PatchedMachine> {
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  const all = async <R>(
    patches: readonly VdiPatch[],
    action: (patch: VdiPatch, index: number) => Promise<R>,
  ) => {
    const acting = patches.map(async (patch, index) => {
      try {
        return await action(patch, index);
      } catch (error) {
        stop.abort();
        throw error;
      }
    });
    const failure = firstFailure(await Promise.allSettled(acting));
    if (failure !== undefined) throw failure;
    return await Promise.all(acting);
  };
  const patches = await patchesOf({ ...work, signal });
  const records = await all(patches, (patch) => patchVdi(work.client, patch));
  await work.onStored(records);
  const compared = await all(patches, (patch, index) =>
    comparePatch(work.client, patch, records[index] ?? patch.records),
  );
  return { records, readBackBytes: compared.reduce((sum, bytes) => sum + bytes, 0) };
}

async function patchesOf(work: MachinePatch): Promise<VdiPatch[]> {
  const { client, vm, disks, view, slots, readBack, signal, name } = work;
  const attached = await attachedDisks(client, await client.call('VM.get_record', [vm]));
  const patches: VdiPatch[] = [];
  for (const [index, { records, ...conversion }] of disks.entries()) {
    const vdi = attached[index]?.record.VDI ?? NULL_REF;
    const { SR: storage, virtual_size: virtualBytes } = await client.call('VDI.get_record', [vdi], {
      signal,
    });
    const addresses = view.storage.get(storage)?.addresses;
    if (
      attached.length !== disks.length ||
      addresses === undefined ||
      virtualBytes < conversion.capacityBytes
    ) {
      throw new XenferryError('POOL_OBJECT_MISSING', `disk ${index} of the VM is not the machine's`, {
        file: client.shown,
      });
    }
    const place = { slots, storage, addresses, signal };
    patches.push({ vdi, virtualBytes, place, conversion, records, readBack, name: `${name} ${index}` });
  }
  return patches;
}

/** What a guest has written would be lost in the blocks that are written anew. */
async function refuseStarted(
  client: XapiClient,
  { power_state, metrics, name_label }: VmRecord,
): Promise<void> {
  const { start_time } = await client.call('VM_metrics.get_record', [metrics]);
  if (power_state === 'Halted' && NEVER.test(start_time)) return;
  const message =
    power_state === 'Halted'
      ? `${name_label} was started since it was made`
      : `${name_label} is ${power_state}`;
  throw new XenferryError('REFIX_REFUSED', message, { file: client.shown });
}
