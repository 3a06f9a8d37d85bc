import { isToUndo } from '../../ledger/index.js';
import { BLOCK_BYTES, blockCount } from '../../model/units.js';
import type { Disk } from '../../model/virtual-machine.js';
import { changedAreas, isVsphereFault, type Ref } from '../../vsphere/index.js';
import type { ClaimedJob } from '../job.js';
import { type ChangedMachine, shutDown, takeSnapshot, trackChanges, undoChanges } from './change-source.js';
import { placedDisks } from './placed-disks.js';
import { refuseFullDatastores, wasStarted } from './refuse-source.js';
import { withDiskPlaces, withSnapshotPlaces } from './source-limits.js';
import { readSnapshotDisks, readSourceMachine, type SourceDisk } from './source-machine.js';
import type { SourcePlaces } from './source-places.js';
import { thinDisk } from './thin-disks.js';
import { withVddkDisks } from './vddk-disks.js';

/** A disk as it was at one moment, and what of it is to be read. */
export interface DiskPass {
  readonly disk: Disk;
  /** One byte per 2 MiB block, 1 where it differs from the pass before; null: nobody knows, all of it may. */
  readonly changed: Uint8Array | null;
  /** Names the moment in the list of its changes; null where they are not tracked. */
  readonly changeId: string | null;
}

/** A running machine whose disks are read again and again, each time what has changed since. */
export class WarmSource {
  readonly #at: ChangedMachine;
  readonly #job: ClaimedJob;
  readonly #places: SourcePlaces;
  readonly #signal: AbortSignal;
  /** By the disk's key: the moment up to which all of it was read. */
  #readUpTo: ReadonlyMap<number, string | null> = new Map();

  constructor(at: ChangedMachine, job: ClaimedJob, places: SourcePlaces, signal: AbortSignal) {
    this.#at = at;
    this.#job = job;
    this.#places = places;
    this.#signal = signal;
  }

  /**
   * Has the server keep the list of changes. `readUpTo`: by the disk's key, the moment up to which an earlier run has read
   * all of it. Rejects as `trackChanges` does.
   */
  async begin(readUpTo: ReadonlyMap<number, string | null>): Promise<void> {
    this.#readUpTo = readUpTo;
    const { changeTracking } = await readSourceMachine(this.#at.client, this.#at.machine, this.#signal);
    if (!changeTracking) await trackChanges(this.#at, this.#signal);
  }

  /**
   * Has the disks read as they are now, while the machine goes on running: all of those at first that no earlier run has
   * read, then what has changed.
   * The snapshot that they are read from goes when `read` has ended. Rejects as `read` does, with VSPHERE_*.
   */
  async pass(read: (disks: readonly DiskPass[]) => Promise<void>): Promise<void> {
    const { client, machine } = this.#at;
    const now = await readSourceMachine(client, machine, this.#signal);
    const at = { client, places: this.#places, signal: this.#signal };
    await withDiskPlaces(at, now, () =>
      withSnapshotPlaces(at, now, async () => {
        await refuseFullDatastores(client, now, this.#signal);
        try {
          await this.#readFrom(await takeSnapshot(this.#at, this.#signal), read);
        } finally {
          await this.#removeSnapshots();
        }
      }),
    );
  }

  /** Shuts the machine down and has the last changes read; its disks are at rest then. Rejects as `pass` does. */
  async cutover(read: (disks: readonly DiskPass[]) => Promise<void>): Promise<void> {
    const { client, machine } = this.#at;
    const { powerState } = await readSourceMachine(client, machine, this.#signal);
    if (powerState !== 'poweredOff') await shutDown(this.#at, this.#signal);
    // The list of changes is told up to a snapshot only.
    await this.pass(read);
    const after = await readSourceMachine(client, machine, this.#signal);
    if (after.powerState === 'poweredOff') return;
    throw wasStarted(this.#at);
  }

  async #readFrom(snapshot: Ref, read: (disks: readonly DiskPass[]) => Promise<void>): Promise<void> {
    const found = await readSnapshotDisks(this.#at.client, snapshot, this.#signal);
    const disks = placedDisks(this.#job, found, this.#at);
    const passes: DiskPass[] = [];
    for (const disk of disks) {
      const kept = found.find(({ key }) => String(key) === disk.key);
      const since = this.#readUpTo.get(Number(disk.key)) ?? null;
      const changed =
        kept === undefined || since === null ? null : await this.#changed(snapshot, kept, since);
      const thin = await this.#thin(snapshot, disk, kept, changed);
      passes.push({ disk: thin, changed, changeId: kept?.changeId ?? null });
    }
    await this.#withReadable(snapshot, passes, read);
    this.#readUpTo = new Map(found.map(({ key, changeId }) => [key, changeId]));
  }

  /** What has changed is read in any case. */
  async #thin(
    snapshot: Ref,
    disk: Disk,
    kept: SourceDisk | undefined,
    changed: Uint8Array | null,
  ): Promise<Disk> {
    if (changed !== null || this.#at.live.read === 'vddk') return disk;
    return await thinDisk(this.#at, snapshot, disk, kept, this.#signal);
  }

  async #withReadable(
    snapshot: Ref,
    passes: readonly DiskPass[],
    read: (disks: readonly DiskPass[]) => Promise<void>,
  ): Promise<void> {
    if (this.#at.live.read !== 'vddk') return await read(passes);
    const disks = passes.map(({ disk }) => disk);
    await withVddkDisks({ ...this.#at, snapshot }, disks, this.#signal, (served) =>
      read(passes.map((pass, index) => ({ ...pass, disk: served[index] ?? pass.disk }))),
    );
  }

  /** Null where the server has lost the list: after a power failure, or when somebody has reset it. */
  async #changed(
    snapshot: Ref,
    { key, capacityBytes }: SourceDisk,
    since: string,
  ): Promise<Uint8Array | null> {
    const { client, machine } = this.#at;
    const mask = new Uint8Array(blockCount(capacityBytes));
    try {
      const query = { machine, snapshot, diskKey: key, changeId: since, capacity: capacityBytes };
      for await (const { start, length } of changedAreas(client, { ...query, signal: this.#signal })) {
        const last = Math.floor((start + length - 1) / BLOCK_BYTES);
        mask.fill(1, Math.floor(start / BLOCK_BYTES), last + 1);
      }
      return mask;
    } catch (error) {
      if (!isVsphereFault(error, 'FileFault', 'InvalidArgument', 'NotFound', 'SystemError')) throw error;
      await this.#job.held.addNotes([
        'the list of changed blocks of a disk was lost at the source; it was read in full once more',
      ]);
      return null;
    }
  }

  async #removeSnapshots(): Promise<void> {
    const stand = (await this.#at.changes.ofJob(this.#at.jobId)).filter(isToUndo);
    const snapshots = stand.filter(({ kind }) => kind === 'snapshot');
    await this.#job.held.addNotes(await undoChanges(this.#at, snapshots));
  }
}
