import type { ConvertedDisk, DiskConversionOptions } from '../../conversion/index.js';
import { firstFailure, XenferryError } from '../../model/errors.js';
import { type ImportFormat, NULL_REF, type Ref, runTask, type XapiClient } from '../../xapi/index.js';
import { createVm } from './create-vm.js';
import { destroyVdi } from './destroy-vdi.js';
import { diskVbdRecord } from './device-records.js';
import type { PoolView, StorageView } from './pool-view.js';
import { type ReadBackAmount, readBackVdi } from './read-back-vdi.js';
import type { MachinePlacement } from './resolve-pool.js';
import type { TransferSlots } from './transfer-slots.js';
import { type UploadedVdi, uploadVdi } from './vdi-upload.js';
import type { VmSpec } from './vm-record.js';

export interface MachineImport {
  readonly client: XapiClient;
  readonly view: PoolView;
  /** Of all imports into the pool. */
  readonly slots: TransferSlots;
  readonly spec: VmSpec;
  /** Surveyed, in the machine's disk order; `signal` is set here. */
  readonly disks: readonly Omit<DiskConversionOptions, 'signal'>[];
  readonly format: ImportFormat;
  readonly readBack: ReadBackAmount;
  readonly signal: AbortSignal;
  /** Told when all disks are stored, in the machine's disk order, before they are read back. */
  readonly onStored?: ((disks: readonly ConvertedDisk[]) => Promise<void>) | undefined;
}

export interface ImportedMachine {
  readonly vm: Ref;
  readonly uuid: string;
  /** In the machine's disk order. */
  readonly disks: readonly ConvertedDisk[];
  /** Bytes compared with the digests of the conversion. */
  readonly readBackBytes: number;
  /** What VMware had and the VM has not, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * A machine into a pool: the VM, its disks converted on their way, read back, attached. It stays locked until
 * `releaseVm`. When anything fails, all that was made is removed again, as far as the pool lets us; the rest carries
 * the job's id. Rejects with the conversion's codes, VERIFY_MISMATCH, POOL_*, CANCELED.
 */
export async function importMachine(work: MachineImport): Promise<ImportedMachine> {
  const made: Made = { vm: null, vdis: [] };
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  try {
    return await importAll({ ...work, signal }, made, () => stop.abort());
  } catch (error) {
    stop.abort();
    await removeMade(work.client, made);
    if (work.signal.aborted) throw new XenferryError('CANCELED', 'the import was stopped', { cause: error });
    throw error;
  }
}

interface Made {
  vm: Ref | null;
  readonly vdis: Ref[];
}

async function importAll(work: MachineImport, made: Made, stop: () => void): Promise<ImportedMachine> {
  const { client, view, spec, signal } = work;
  const onCreated = (vm: Ref) => {
    made.vm = vm;
  };
  const { vm, uuid, notes } = await createVm(client, view, spec, onCreated, signal);
  const uploaded = await allOrFirstFailure(work.disks, stop, async (conversion, index) => {
    const found = await upload(work, conversion, index);
    made.vdis.push(found.vdi);
    return found;
  });
  await work.onStored?.(uploaded.map(({ converted }) => converted));
  const compared = await allOrFirstFailure(uploaded, stop, (disk, index) => compare(work, disk, index));
  // Only now: as long as no VM has them, a failed disk can be removed cleanly.
  for (const [index, { vdi }] of uploaded.entries()) {
    await client.call('VBD.create', [diskVbdRecord(vm, vdi, index, spec.jobId)], { signal });
  }
  const readBackBytes = compared.reduce((sum, bytes) => sum + bytes, 0);
  return { vm, uuid, notes, readBackBytes, disks: uploaded.map(({ converted }) => converted) };
}

async function upload(
  { client, view, slots, spec, format, signal }: MachineImport,
  conversion: Omit<DiskConversionOptions, 'signal'>,
  index: number,
): Promise<UploadedVdi> {
  const { planned, placement, jobId } = spec;
  const { sr, storage } = storageOf(view, placement, index);
  const { capacityBytes } = conversion;
  const description = planned.machine.disks[index]?.file ?? '';
  const vdi = { name: diskName(spec, index), description, sr, capacityBytes, jobId };
  return await uploadVdi(client, { vdi, storage, slots, format, conversion, signal });
}

async function compare(
  { client, view, slots, spec, readBack, signal }: MachineImport,
  { vdi, virtualBytes, converted }: UploadedVdi,
  index: number,
): Promise<number> {
  const { sr, storage } = storageOf(view, spec.placement, index);
  const slot = await slots.take(sr, storage.addresses, signal);
  try {
    const { records } = converted;
    const { address } = slot;
    const name = diskName(spec, index);
    return await readBackVdi(client, { vdi, virtualBytes, address, records, amount: readBack, name, signal });
  } finally {
    slot.release();
  }
}

function storageOf(
  view: PoolView,
  placement: MachinePlacement,
  index: number,
): { sr: Ref; storage: StorageView } {
  const sr = placement.storage[index] ?? NULL_REF;
  const storage = view.storage.get(sr);
  if (storage !== undefined) return { sr, storage };
  throw new XenferryError('POOL_STORAGE_MISSING', `the pool has no repository for disk ${index}`);
}

function diskName({ planned }: VmSpec, index: number): string {
  return `${planned.name} ${index}`;
}

/** All results in their order; the first failure stops the others, and is told when they have ended. */
async function allOrFirstFailure<T, R>(
  items: readonly T[],
  stop: () => void,
  action: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const outcomes = await Promise.allSettled(
    items.map(async (item, index) => {
      try {
        return await action(item, index);
      } catch (error) {
        stop();
        throw error;
      }
    }),
  );
  const done = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  if (done.length < items.length) throw firstFailure(outcomes);
  return done;
}

/** The failure that led here matters more than what cannot be removed. */
async function removeMade(client: XapiClient, { vm, vdis }: Made): Promise<void> {
  if (vm !== null) await runTask(client, 'VM.destroy', [vm]).catch(() => {});
  for (const vdi of vdis) await destroyVdi(client, vdi).catch(() => {});
}
