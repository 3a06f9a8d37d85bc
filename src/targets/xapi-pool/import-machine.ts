import type { BlockRecords, ConvertedDisk, DiskConversionOptions } from '../../conversion/index.js';
import { firstFailure, XenferryError } from '../../model/errors.js';
import { BLOCK_BYTES } from '../../model/units.js';
import { type ImportFormat, NULL_REF, type Ref, runTask, type XapiClient } from '../../xapi/index.js';
import { attachDisk } from './attach-disk.js';
import { type CreatedVm, createVm } from './create-vm.js';
import { destroyVdi } from './destroy-vdi.js';
import { diskVbdRecord } from './device-records.js';
import type { TransferPlace } from './fresh-attempts.js';
import { again } from './fresh-attempts.js';
import type { MachinePlacement } from './machine-placement.js';
import { ownerOf } from './ownership.js';
import { patchVdi } from './patch-vdi.js';
import type { PoolView, StorageView } from './pool-view.js';
import { type ReadBackAmount, readBackVdi } from './read-back-vdi.js';
import { removeOwned } from './remove-owned.js';
import { type Reservation, SpaceReservations } from './space-reservations.js';
import type { TransferSlots } from './transfer-slots.js';
import { type UploadedVdi, uploadVdi } from './vdi-upload.js';
import type { VmSpec } from './vm-record.js';

export interface MachineImport {
  readonly client: XapiClient;
  readonly view: PoolView;
  /** Of all imports into the pool. */
  readonly slots: TransferSlots;
  /** Addresses of the hosts to go through, as long as they take it; any where left out. */
  readonly through?: readonly string[] | undefined;
  readonly spec: VmSpec;
  /** Surveyed, in the machine's disk order; `signal` is set here. */
  readonly disks: readonly Omit<DiskConversionOptions, 'signal'>[];
  readonly format: ImportFormat;
  readonly readBack: ReadBackAmount;
  readonly signal: AbortSignal;
  /** Called when a disk waits for its turn, about once a second, and for each block that is read back. */
  readonly onSign?: (() => void) | undefined;
  /** Of all imports into the pool; without it, no import knows of others that are under way. */
  readonly reservations?: SpaceReservations | undefined;
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

/** A disk of a machine on its way, that is in no VM. */
export interface StoredDisk {
  /** UUIDs of the VDI and of its repository. */
  readonly vdi: string;
  readonly storage: string;
  readonly virtualBytes: number;
  /** What it holds. */
  readonly records: BlockRecords;
  /** Blocks that were not compared yet, one byte each; null: none was. */
  readonly uncompared: Uint8Array | null;
}

/** One that still is there. */
export interface FoundDisk extends StoredDisk {
  readonly ref: Ref;
}

/** A machine on its way into a pool: its VM is made and cannot be started, its disks are stored and attached to none. */
export interface BegunImport {
  /** In the machine's disk order. */
  readonly disks: readonly StoredDisk[];
  /** Writes blocks of a disk anew: those that `allocated` marks, zeros too. Rejects as `patchVdi` does. */
  patch(disk: number, conversion: DiskPatchConversion): Promise<void>;
  /** Has what was not compared yet compared now, so that less is left for the end. Rejects as `importMachine` does. */
  compare(): Promise<void>;
  /** Has the rest of the disks compared, and all attached. Rejects as `importMachine` does. */
  finish(): Promise<ImportedMachine>;
  /** Removes the VM; whoever knows its disks goes on with them. */
  suspend(): Promise<void>;
}

/** How a disk is read anew; `source` is all of it as it is now. */
export type DiskPatchConversion = Omit<DiskConversionOptions, 'signal' | 'journal'>;

/**
 * A machine into a pool: the VM, its disks converted on their way, read back, attached. It stays locked until
 * `releaseVm`. When anything fails, all that was made is removed again, as far as the pool lets us; the rest carries
 * the job's id. Rejects with the conversion's codes, VERIFY_MISMATCH, POOL_*, CANCELED.
 */
export async function importMachine(work: MachineImport): Promise<ImportedMachine> {
  const running = new RunningImport(work);
  return await running.orNothing(async () => {
    await running.begin([]);
    return await running.finish();
  });
}

/**
 * Makes the VM and stores its disks, but for those that an earlier import has stored and that still are there: `known`, in
 * the machine's disk order, null for each that is to be stored. Whoever gets the import finishes or suspends it. Rejects as
 * `importMachine` does, with nothing left of what it made.
 */
export async function beginImport(
  work: MachineImport,
  known: readonly (FoundDisk | null)[],
): Promise<BegunImport> {
  const running = new RunningImport(work);
  await running.orNothing(() => running.begin(known));
  return running;
}

/**
 * Of the disks that an earlier import has stored those that still are as they were, and where they are to be; null for
 * others, which are removed. Rejects as `XapiClient.call` does.
 */
export async function disksStillThere(
  { client, view }: Pick<MachineImport, 'client' | 'view'>,
  { placement, jobId }: Pick<VmSpec, 'placement' | 'jobId'>,
  known: readonly StoredDisk[],
): Promise<(FoundDisk | null)[]> {
  if (known.length === 0) return [];
  const all = Object.entries(await client.call('VDI.get_all_records', []));
  const found: (FoundDisk | null)[] = [];
  for (const [index, disk] of known.entries()) {
    const [vdi, record] = all.find(([, { uuid }]) => uuid === disk.vdi) ?? [];
    const { sr, storage } = storageOf(view, placement, index);
    const isOurs = vdi !== undefined && record !== undefined && ownerOf(record) === jobId;
    const isSame =
      isOurs &&
      record.SR === sr &&
      storage.record.uuid === disk.storage &&
      record.virtual_size === disk.virtualBytes;
    if (isOurs && !isSame) await destroyVdi(client, vdi);
    found.push(isSame ? { ...disk, ref: vdi } : null);
  }
  return found;
}

interface Made {
  vm: Ref | null;
  readonly vdis: Ref[];
  /** Whether there may be disks that we do not know. */
  strays: boolean;
}

class RunningImport implements BegunImport {
  readonly #outer: AbortSignal;
  readonly #work: MachineImport;
  readonly #stop = new AbortController();
  readonly #made: Made = { vm: null, vdis: [], strays: false };
  #vm: CreatedVm | null = null;
  /** Stored by an earlier import. */
  #known: UploadedVdi[] = [];
  #uploaded: UploadedVdi[] = [];
  /** Blocks of each disk that were not compared yet, one byte each; null: none was. */
  #uncompared: (Uint8Array | null)[] = [];
  #comparedBytes = 0;

  constructor(work: MachineImport) {
    this.#outer = work.signal;
    this.#work = { ...work, signal: AbortSignal.any([work.signal, this.#stop.signal]) };
  }

  get disks(): readonly StoredDisk[] {
    const { view, spec } = this.#work;
    return this.#uploaded.map(({ uuid, virtualBytes, converted: { records } }, index) => {
      const { uuid: storage } = storageOf(view, spec.placement, index).storage.record;
      return { vdi: uuid, storage, virtualBytes, records, uncompared: this.#uncompared[index] ?? null };
    });
  }

  async begin(known: readonly (FoundDisk | null)[]): Promise<void> {
    const disks = this.#work.disks.map((_, index) => known[index] ?? null);
    const stored = disks.map((disk) => (disk === null ? null : storedBefore(disk)));
    this.#known = stored.flatMap((disk) => disk ?? []);
    const reserved = await reserve(
      this.#work,
      disks.map((disk) => disk === null),
    );
    this.#vm = await makeVm(this.#work, this.#made, stored).catch((error: unknown) => {
      for (const reservation of reserved) reservation?.release();
      throw error;
    });
    this.#uploaded = await this.#all(reserved, async (reservation, index) => {
      const there = stored[index];
      if (there != null) return there;
      if (reservation === null) throw new XenferryError('INTERNAL', `disk ${index} has no place`);
      const found = await upload(this.#work, this.#made, reservation, index);
      this.#made.vdis.push(found.vdi);
      return found;
    });
    this.#uncompared = disks.map((disk) => disk?.uncompared ?? null);
  }

  async patch(disk: number, conversion: DiskPatchConversion): Promise<void> {
    const stored = this.#uploaded[disk];
    if (stored === undefined) throw new XenferryError('INTERNAL', `there is no disk ${disk}`);
    const { vdi, virtualBytes, converted } = stored;
    const { client, view, spec, readBack } = this.#work;
    const { sr, storage } = storageOf(view, spec.placement, disk);
    const records = await patchVdi(client, {
      vdi,
      virtualBytes,
      place: placeOf(this.#work, sr, storage),
      conversion,
      records: converted.records,
      readBack,
      name: diskName(spec, disk),
    });
    this.#uploaded[disk] = { ...stored, converted: { ...converted, records } };
    const before = this.#uncompared[disk] ?? null;
    if (before !== null) {
      this.#uncompared[disk] = before.map((flag, block) => flag | (conversion.allocated[block] ?? 0));
    }
  }

  async compare(): Promise<void> {
    const compared = await this.#all(this.#uploaded, async (disk, index) => {
      const only = this.#uncompared[index] ?? undefined;
      return only?.includes(1) === false ? 0 : await compare(this.#work, disk, index, only);
    });
    this.#comparedBytes += compared.reduce((sum, bytes) => sum + bytes, 0);
    this.#uncompared = this.#uploaded.map(
      ({ converted }) => new Uint8Array(converted.records.unitBits.length),
    );
  }

  async finish(): Promise<ImportedMachine> {
    const { client, spec, signal, onStored } = this.#work;
    const uploaded = this.#uploaded;
    const vm = this.#vm;
    if (vm === null) throw new XenferryError('INTERNAL', 'the import has not begun');
    await onStored?.(uploaded.map(({ converted }) => converted));
    await this.compare();
    // Only now: as long as no VM has them, a failed disk can be removed cleanly.
    for (const [index, { vdi }] of uploaded.entries()) {
      await attachDisk(client, diskVbdRecord(vm.vm, vdi, index, spec.jobId), signal);
    }
    if (this.#made.strays) await removeStrays(client, spec.jobId, refsOf(uploaded));
    return { ...vm, readBackBytes: this.#comparedBytes, disks: uploaded.map(({ converted }) => converted) };
  }

  async suspend(): Promise<void> {
    this.#stop.abort();
    const { client, spec } = this.#work;
    await removeMade(client, { ...this.#made, vdis: [] });
    if (this.#made.strays) await removeStrays(client, spec.jobId, refsOf(this.#uploaded)).catch(() => {});
  }

  /** After a failure nothing is left that was made here. */
  async orNothing<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      this.#stop.abort();
      await removeMade(this.#work.client, this.#made);
      if (this.#made.strays) {
        const { client, spec } = this.#work;
        await removeStrays(client, spec.jobId, refsOf(this.#known)).catch(() => {});
      }
      if (this.#outer.aborted)
        throw new XenferryError('CANCELED', 'the import was stopped', { cause: error });
      throw error;
    }
  }

  async #all<T, R>(items: readonly T[], action: (item: T, index: number) => Promise<R>): Promise<R[]> {
    return await allOrFirstFailure(items, () => this.#stop.abort(), action);
  }
}

/** Begins anew after a failure that may pass, without what an attempt made whose answer was lost. */
async function makeVm(
  { client, view, spec, signal }: MachineImport,
  made: Made,
  stored: readonly (UploadedVdi | null)[],
): Promise<CreatedVm> {
  const kept = new Set(stored.flatMap((disk) => disk?.uuid ?? []));
  let begun = false;
  return await again(client, signal, async () => {
    if (begun) await removeOwned(client, new Set([spec.jobId]), kept);
    begun = true;
    made.vm = null;
    const onCreated = (vm: Ref) => {
      made.vm = vm;
    };
    return await createVm(client, view, spec, onCreated, signal);
  });
}

function storedBefore({ ref: vdi, vdi: uuid, virtualBytes, records }: FoundDisk): UploadedVdi {
  return { vdi, uuid, virtualBytes, converted: { records, storedUnits: 0, resumedBlocks: 0 } };
}

function refsOf(disks: readonly UploadedVdi[]): Ref[] {
  return disks.map(({ vdi }) => vdi);
}

/** For the disks that are wanted; null for others. Before anything is made: who finds the repository full in the middle has moved bytes in vain. */
async function reserve(work: MachineImport, wanted: readonly boolean[]): Promise<(Reservation | null)[]> {
  const { client, view, spec, disks, signal, reservations = new SpaceReservations() } = work;
  const needs = disks.flatMap(({ allocated, capacityBytes }, index) =>
    wanted[index] === true
      ? {
          storage: storageOf(view, spec.placement, index).sr,
          capacityBytes,
          dataBytes: allocated.reduce((sum, flag) => sum + flag, 0) * BLOCK_BYTES,
        }
      : [],
  );
  const reserved = (await reservations.reserve(client, needs, signal)).values();
  return wanted.map((is) => (is ? (reserved.next().value ?? null) : null));
}

async function upload(
  work: MachineImport,
  made: Made,
  reservation: Reservation,
  index: number,
): Promise<UploadedVdi> {
  const { client, view, spec, format } = work;
  const { planned, placement, jobId } = spec;
  const { sr, storage } = storageOf(view, placement, index);
  const conversion = diskOf(work, index);
  const { capacityBytes } = conversion;
  const description = planned.machine.disks[index]?.file ?? '';
  const onStray = () => {
    made.strays = true;
  };
  return await uploadVdi(client, {
    vdi: { name: diskName(spec, index), description, sr, capacityBytes, jobId },
    record: storage.record,
    place: placeOf(work, sr, storage),
    format,
    conversion,
    reservation,
    onStray,
  });
}

async function compare(
  work: MachineImport,
  { vdi, virtualBytes, converted: { records } }: UploadedVdi,
  index: number,
  only: Uint8Array | undefined,
): Promise<number> {
  const { client, view, spec, readBack } = work;
  const { sr, storage } = storageOf(view, spec.placement, index);
  const place = placeOf(work, sr, storage);
  const name = diskName(spec, index);
  const { gate } = diskOf(work, index).pool;
  return await readBackVdi(client, { vdi, virtualBytes, place, records, amount: readBack, gate, name, only });
}

function diskOf({ disks }: MachineImport, index: number): MachineImport['disks'][number] {
  const disk = disks[index];
  if (disk === undefined) throw new XenferryError('INTERNAL', `there is no disk ${index}`);
  return disk;
}

function placeOf(
  { slots, through, signal, onSign }: MachineImport,
  storage: Ref,
  { addresses }: StorageView,
): TransferPlace {
  return { slots, storage, addresses, through, signal, onSign };
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

/** Disks that were made by calls whose answers were lost. What stays carries the job's id. */
async function removeStrays(client: XapiClient, jobId: string, known: readonly Ref[]): Promise<void> {
  const all = Object.entries(await client.call('VDI.get_all_records', []));
  for (const [vdi, record] of all) {
    if (ownerOf(record) === jobId && !known.includes(vdi)) await destroyVdi(client, vdi).catch(() => {});
  }
}
