import { join } from 'node:path';
import { nextOpening } from '../../calendar/index.js';
import { type ImageSource, locatedImage } from '../../images/index.js';
import { pauseFor } from '../../model/abort.js';
import { XenferryError } from '../../model/errors.js';
import { blockCount } from '../../model/units.js';
import type { BegunImport, ImportedMachine } from '../../targets/xapi-pool/index.js';
import { mendedDisks, wantsFixups } from '../fix-machine.js';
import { type BatchContext, type ClaimedJob, fixGuest } from '../job.js';
import { eitherBlocks, mendedBlocks } from '../mended-blocks.js';
import { withReadableDisks } from '../readable-disks.js';
import { withDisks } from './placed-disks.js';
import type { DiskPass, WarmSource } from './warm-source.js';

/** A running machine on its way into a pool. */
export interface WarmImport {
  readonly context: BatchContext;
  readonly job: ClaimedJob;
  readonly source: WarmSource;
  /** `YYYY-MM-DD`: dates on which no window opens. */
  readonly blackOuts: readonly string[];
  /** Stores the disks as they are at first; `mended` is asked when all is stored which blocks fixups have changed. */
  readonly begin: (
    images: readonly ImageSource[],
    mended: () => readonly Uint8Array[],
  ) => Promise<BegunImport>;
}

/**
 * Moves the disks of a machine while it runs, then again and again what has changed, compares them, shuts it down when
 * that may be, moves the last changes with those that make the guest run on Xen, and compares them. Rejects as all these
 * do; nothing is left in the pool then.
 */
export async function warmImport(work: WarmImport): Promise<ImportedMachine> {
  const { context, job, source } = work;
  let mended: readonly Uint8Array[] = [];
  await source.begin();
  const begun = await firstPass(work, () => mended);
  try {
    await precopy(work, begun);
    await begun.compare();
    await untilCutover(work, begun);
    await source.cutover(async (passes) => {
      mended = await lastPass(
        context,
        withDisks(
          job,
          passes.map(({ disk }) => disk),
        ),
        begun,
        passes,
      );
    });
    return await begun.finish();
  } catch (error) {
    await begun.abandon();
    throw error;
  }
}

async function firstPass(
  { source, begin }: WarmImport,
  mended: () => readonly Uint8Array[],
): Promise<BegunImport> {
  let begun: BegunImport | undefined;
  await source.pass(async (passes) => {
    begun = await begin(passes.map(imageOf), mended);
  });
  if (begun === undefined) throw new XenferryError('INTERNAL', 'the disks were not read');
  return begun;
}

/** As often as the plan says, but not for nothing. */
async function precopy(work: WarmImport, begun: BegunImport): Promise<void> {
  const { passes, pauseSeconds } = liveOf(work.job).precopy;
  for (let pass = 0; pass < passes; pass++) {
    if (pass > 0) await pauseFor(pauseSeconds * 1000, work.context.signal);
    if (!(await passOnce(work, begun))) return;
  }
}

/** Waits for the window, with the pool kept near to the source, so that little is left then. */
async function untilCutover(work: WarmImport, begun: BegunImport): Promise<void> {
  const { cutover, precopy: settings } = liveOf(work.job);
  if (cutover === null) return;
  for (;;) {
    const now = Date.now();
    const { begin } = nextOpening(cutover, now, work.blackOuts);
    if (begin <= now) return;
    await pauseFor(Math.min(begin - now, Math.max(settings.pauseSeconds, 60) * 1000), work.context.signal);
    await passOnce(work, begun);
  }
}

/** Whether anything had changed. */
async function passOnce({ context, job, source }: WarmImport, begun: BegunImport): Promise<boolean> {
  let changed = false;
  await source.pass(async (passes) => {
    changed = passes.some((pass) => blocksOf(pass).includes(1));
    await patch(context, job, begun, passes.map(imageOf), passes.map(blocksOf));
  });
  return changed;
}

/** The guest is mended on layers over the disks at rest. Returns the blocks that this has changed. */
async function lastPass(
  context: BatchContext,
  job: ClaimedJob,
  begun: BegunImport,
  passes: readonly DiskPass[],
): Promise<readonly Uint8Array[]> {
  const { signal, profiles, target } = context;
  const { planned, held } = job;
  return await withReadableDisks(
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
      await patch(context, job, begun, images, changed);
      return mended;
    },
  );
}

async function patch(
  { pool, digest, observe }: BatchContext,
  { record, planned: { machine } }: ClaimedJob,
  begun: BegunImport,
  images: readonly ImageSource[],
  changed: readonly Uint8Array[],
): Promise<void> {
  for (const [index, source] of images.entries()) {
    await begun.patch(index, {
      pool,
      digest,
      source,
      capacityBytes: machine.disks[index]?.capacityBytes ?? 0,
      allocated: changed[index] ?? new Uint8Array(),
      threads: pool.threads,
      onProgress: (progress) =>
        observe({ kind: 'progress', jobId: record.id, name: machine.name, disk: index, progress }),
    });
  }
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
