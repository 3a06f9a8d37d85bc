import { join } from 'node:path';
import { nextOpening } from '../../calendar/index.js';
import { dataBytesOf } from '../../conversion/index.js';
import { type ImageSource, locatedImage } from '../../images/index.js';
import { pauseFor } from '../../model/abort.js';
import { XenferryError } from '../../model/errors.js';
import { BLOCK_BYTES, blockCount, MIB } from '../../model/units.js';
import type { BegunImport, ImportedMachine } from '../../targets/xapi-pool/index.js';
import { maskOf, runsOf } from '../block-runs.js';
import { mendedDisks, wantsFixups } from '../fix-machine.js';
import { type BatchContext, type ClaimedJob, fixGuest } from '../job.js';
import { eitherBlocks, mendedBlocks } from '../mended-blocks.js';
import { withReadableDisks } from '../readable-disks.js';
import { withDisks } from './placed-disks.js';
import type { DiskPass, WarmSource } from './warm-source.js';

/** So little is moved in a moment: to move it while the machine runs would not make its downtime shorter. */
const SMALL_BYTES = 64 * MIB;

/** A disk that an earlier run has brought into the pool, where it still is. */
export interface BroughtDisk {
  /** In the source's list of changes: up to there all is in the pool; null: nobody knows what is. */
  readonly changeId: string | null;
  /** JSON: runs of blocks that may differ from the source by a mending; null: none. */
  readonly mended: string | null;
}

/** A running machine on its way into a pool. */
export interface WarmImport {
  readonly context: BatchContext;
  readonly job: ClaimedJob;
  readonly source: WarmSource;
  /** `YYYY-MM-DD`: dates on which no window opens. */
  readonly blackOuts: readonly string[];
  /** By disk, what earlier runs have brought; null or left out: nothing of use. */
  readonly brought: readonly (BroughtDisk | null)[];
  /**
   * Stores the disks as they are at first, but for those that were brought; `mended` is asked when all is stored which
   * blocks fixups have changed.
   */
  readonly begin: (
    images: readonly ImageSource[],
    mended: () => readonly Uint8Array[],
  ) => Promise<BegunImport>;
}

/**
 * Moves the disks of a machine while it runs, then again and again what has changed, compares them, shuts it down when
 * that may be, moves the last changes with those that make the guest run on Xen, and compares them. Null for one that may
 * not be shut down now: all else is done then. Rejects as all these do. Each pass is in the ledger, so that a later run
 * goes on with what is in the pool; the VM is not there then.
 */
export async function warmImport(work: WarmImport): Promise<ImportedMachine | null> {
  return await new WarmMove(work).run();
}

class WarmMove {
  readonly #work: WarmImport;
  #mended: readonly Uint8Array[] = [];

  constructor(work: WarmImport) {
    this.#work = work;
  }

  get #journal() {
    return this.#work.job.held.warm;
  }

  async run(): Promise<ImportedMachine | null> {
    const { source, job } = this.#work;
    await source.begin(this.#readUpTo());
    const hasWaited = await this.#journal.awaitsCutover();
    const { begun, bytes } = await this.#firstPass();
    try {
      if (!hasWaited) await this.#precopy(begun);
      else await this.#catchUp(begun, bytes);
      await begun.compare();
      await this.#journal.compared();
      if (!this.#mayCutOver()) {
        await this.#journal.waitForCutover();
        await begun.suspend();
        return null;
      }
      await this.#journal.beginCutover(Date.now());
      const pass = await this.#journal.beginPass('last');
      await source.cutover(async (passes) => {
        const disks = passes.map(({ disk }) => disk);
        await this.#lastPass(pass, withDisks(job, disks), begun, passes);
      });
      return await begun.finish();
    } catch (error) {
      await begun.suspend();
      throw error;
    }
  }

  #readUpTo(): ReadonlyMap<number, string | null> {
    const { brought, job } = this.#work;
    const { disks } = job.planned.machine;
    return new Map(disks.map(({ key }, index) => [Number(key), brought[index]?.changeId ?? null]));
  }

  /** Of this run: what was brought is brought up to date, the rest is stored. */
  async #firstPass(): Promise<{ readonly begun: BegunImport; readonly bytes: number }> {
    const { source, begin, brought } = this.#work;
    const isNew = brought.every((disk) => disk === null);
    const pass = await this.#journal.beginPass(isNew ? 'first' : 'changes');
    let first: { readonly begun: BegunImport; readonly bytes: number } | undefined;
    await source.pass(async (passes) => {
      const begun = await begin(passes.map(imageOf), () => this.#mended);
      try {
        const changed = passes.map((disk, index) => this.#outdated(disk, index));
        await this.#patch(begun, passes.map(imageOf), changed, passes);
        const stored = begun.disks.filter((_, index) => brought[index] == null);
        const bytes = stored.reduce((sum, { records }) => sum + dataBytesOf(records), 0) + bytesIn(changed);
        await this.#endPass(pass, bytes, begun, passes);
        first = { begun, bytes };
      } catch (error) {
        await begun.suspend();
        throw error;
      }
    });
    if (first === undefined) throw new XenferryError('INTERNAL', 'the disks were not read');
    return first;
  }

  /** Blocks of a disk in the pool that are not as they are at the source now; none of one that was stored now. */
  #outdated(pass: DiskPass, index: number): Uint8Array {
    const before = this.#work.brought[index] ?? null;
    const blocks = blockCount(pass.disk.capacityBytes);
    if (before === null) return new Uint8Array(blocks);
    const { mended } = before;
    return mended === null ? blocksOf(pass) : eitherBlocks(blocksOf(pass), maskOf(mended, blocks));
  }

  /** As often as the plan says, but not for nothing. */
  async #precopy(begun: BegunImport): Promise<void> {
    const { context, job } = this.#work;
    const { passes, pauseSeconds } = liveOf(job).precopy;
    for (let pass = 0; pass < passes; pass++) {
      if (pass > 0) await pauseFor(pauseSeconds * 1000, context.signal);
      if ((await this.#pass(begun)) === 0) return;
    }
  }

  /** The window is open: without pauses, until little is left. */
  async #catchUp(begun: BegunImport, firstBytes: number): Promise<void> {
    const { passes } = liveOf(this.#work.job).precopy;
    let bytes = firstBytes;
    for (let pass = 1; pass < passes && bytes > SMALL_BYTES; pass++) bytes = await this.#pass(begun);
  }

  /** How many bytes had changed. */
  async #pass(begun: BegunImport): Promise<number> {
    const pass = await this.#journal.beginPass('changes');
    let bytes = 0;
    await this.#work.source.pass(async (passes) => {
      const changed = passes.map(blocksOf);
      bytes = bytesIn(changed);
      await this.#patch(begun, passes.map(imageOf), changed, passes);
      await this.#endPass(pass, bytes, begun, passes);
    });
    return bytes;
  }

  #mayCutOver(): boolean {
    const { job, blackOuts } = this.#work;
    const { cutover } = liveOf(job);
    const now = Date.now();
    return cutover === null || nextOpening(cutover, now, blackOuts).begin <= now;
  }

  /** The guest is mended on layers over the disks at rest. */
  async #lastPass(
    number: number,
    job: ClaimedJob,
    begun: BegunImport,
    passes: readonly DiskPass[],
  ): Promise<void> {
    const { context } = this.#work;
    const { signal, profiles, target } = context;
    const { planned, held } = job;
    await withReadableDisks(
      planned.machine,
      join(target, planned.output),
      { inOnePiece: wantsFixups(planned, profiles), signal },
      async (disks) => {
        const images = mendedDisks(disks, await fixGuest(context, job, disks), held.guestFolder);
        await held.setState('converting');
        const mended = await Promise.all(images.map((image) => mendedBlocks(image, signal)));
        const changed = passes.map((pass, index) =>
          eitherBlocks(blocksOf(pass), mended[index] ?? new Uint8Array()),
        );
        // The source's list of changes will not have them, should this be the last that is heard of it.
        await this.#journal.expectMended(mended.map(runsOf));
        await this.#patch(begun, images, changed, passes);
        await this.#journal.endLastPass(number, bytesIn(changed));
        this.#mended = mended;
      },
    );
  }

  async #patch(
    begun: BegunImport,
    images: readonly ImageSource[],
    changed: readonly Uint8Array[],
    passes: readonly DiskPass[],
  ): Promise<void> {
    const { context, job } = this.#work;
    const { pool, digest, observe } = context;
    const { record, planned } = job;
    const { machine } = planned;
    for (const [index, source] of images.entries()) {
      const allocated = changed[index] ?? new Uint8Array();
      if (passes[index]?.changed === null && allocated.includes(1)) await this.#journal.distrust(index);
      await begun.patch(index, {
        pool,
        digest,
        source,
        capacityBytes: machine.disks[index]?.capacityBytes ?? 0,
        allocated,
        threads: pool.threads,
        onProgress: (progress) =>
          observe({ kind: 'progress', jobId: record.id, name: machine.name, disk: index, progress }),
      });
    }
  }

  async #endPass(
    pass: number,
    bytes: number,
    begun: BegunImport,
    passes: readonly DiskPass[],
  ): Promise<void> {
    const disks = begun.disks.map(({ uncompared, ...disk }, index) => ({
      ...disk,
      uncompared: uncompared === null ? null : runsOf(uncompared),
      changeId: passes[index]?.changeId ?? null,
      mended: null,
    }));
    await this.#journal.endPass(pass, bytes, disks);
  }
}

function bytesIn(changed: readonly Uint8Array[]): number {
  return changed.reduce((sum, mask) => sum + mask.reduce((count, flag) => count + flag, 0), 0) * BLOCK_BYTES;
}

function imageOf({ disk: { location, file } }: DiskPass): ImageSource {
  if (location !== null) return locatedImage(location);
  throw new XenferryError('OVF_FILE_MISSING', `${file} has no file`);
}

function blocksOf({ changed, disk: { capacityBytes } }: DiskPass): Uint8Array {
  return changed ?? new Uint8Array(blockCount(capacityBytes)).fill(1);
}

function liveOf({ planned: { live } }: ClaimedJob) {
  if (live !== null) return live;
  throw new XenferryError('INTERNAL', 'the machine lies in files');
}
