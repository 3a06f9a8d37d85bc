import {
  type BlockRecords,
  type DiskSurvey,
  digestBlocks,
  diskDigest,
  patchedRecords,
} from '../conversion/index.js';
import { removeGuestFolder } from '../guests/index.js';
import type { ImageSource, MadeDisk } from '../images/index.js';
import { toXenferryError, XenferryError } from '../model/errors.js';
import { BLOCK_BYTES } from '../model/units.js';
import { maskOf, runsOf } from './block-runs.js';
import { deliverOutput, type Output } from './deliver-output.js';
import { mendedDisks, wantsFixups } from './fix-machine.js';
import { type BatchContext, type ClaimedJob, fixGuest } from './job.js';
import { eitherBlocks, mendedBlocks } from './mended-blocks.js';
import { withReadableDisks } from './readable-disks.js';

/** What a machine has become in the target folder, and what it becomes anew. */
export interface RefixableOutput extends Output {
  /** Runs `use` with the disks of what stands under the final name, in the machine's order; null when nothing does. */
  withMade<T>(use: (disks: readonly MadeDisk[] | null) => Promise<T>): Promise<T>;
}

/**
 * Makes a machine's output anew from what stands there and from the blocks that mending its guest changes: no others are
 * read from the source. What stands there stays until all is verified. Rejects with REFIX_REFUSED, and as a delivery
 * does; what was begun is removed.
 */
export async function refixOutput(
  context: BatchContext,
  job: ClaimedJob,
  output: RefixableOutput,
): Promise<void> {
  const { record, held } = job;
  const runs = await mendedRuns(context, job);
  const isThere = await output.withMade(async (made) => {
    if (made === null || record.outputBytes === null) return false;
    if (runs === null || runs.length !== made.length)
      throw refused('it is not known which blocks the fixups changed');
    await makeAnew(context, job, output, { made, runs });
    return true;
  });
  if (isThere) return;
  await held.reset();
  await deliverOutput(context, { ...job, record: await context.ledger.job(record.id) }, output);
}

/** What the ledger says that fixups have changed, as JSON of each disk; null where it does not say so. */
export async function mendedRuns({ ledger }: BatchContext, { record }: ClaimedJob): Promise<string[] | null> {
  const runs = (await ledger.disks(record.id)).map(({ mended }) => mended);
  return runs.includes(null) ? null : runs.filter((run) => run !== null);
}

/** A machine's disks as they are to be, and what of them is written anew. */
export interface MendedMachine {
  readonly images: readonly ImageSource[];
  /** Blocks that the fixups have changed, one byte each. */
  readonly mended: readonly Uint8Array[];
  /** These, and those that earlier fixups had changed. */
  readonly changed: readonly Uint8Array[];
}

/** Mends the guest anew, and notes which blocks may be written from now on. Rejects as `fixGuest` does. */
export async function mendAnew(
  context: BatchContext,
  job: ClaimedJob,
  disks: readonly ImageSource[],
  runs: readonly string[],
): Promise<MendedMachine> {
  const { held, planned } = job;
  for (const folder of await held.otherGuestFolders()) await removeGuestFolder(folder);
  const images = mendedDisks(disks, await fixGuest(context, job, disks), held.guestFolder);
  const mended: Uint8Array[] = [];
  for (const image of images) mended.push(await mendedBlocks(image, context.signal));
  const changed = mended.map((mask, disk) => {
    const blocks = Math.ceil((planned.machine.disks[disk]?.capacityBytes ?? 0) / BLOCK_BYTES);
    return eitherBlocks(maskOf(runs[disk] ?? '[]', blocks), mask);
  });
  await held.expectMended(changed.map(runsOf));
  return { images, mended, changed };
}

async function makeAnew(
  context: BatchContext,
  job: ClaimedJob,
  output: RefixableOutput,
  { made, runs }: { readonly made: readonly MadeDisk[]; readonly runs: readonly string[] },
): Promise<void> {
  const { planned, held } = job;
  await held.clearBlocks();
  const open = await output.open(false);
  try {
    const { mended, result } = await withReadableDisks(
      planned.machine,
      open.path,
      { inOnePiece: wantsFixups(planned, context.profiles), signal: context.signal },
      async (disks) => {
        const anew = await mendAnew(context, job, disks, runs);
        const images = anew.images.map((image, index) =>
          patchedImage(image, made[index], anew.changed[index]),
        );
        return { mended: anew.mended, result: await open.make(images) };
      },
    );
    // A late owner must not give its name to what another works on by now.
    await held.check();
    await open.publish();
    await held.clearBlocks();
    await held.endRefix(mended.map(runsOf), result);
  } catch (error) {
    // It is another's by now.
    if (toXenferryError(error).code === 'LEASE_LOST') await open.keep();
    else {
      await open.discard();
      await held.clearBlocks();
    }
    throw error;
  } finally {
    await removeGuestFolder(held.guestFolder);
  }
}

function patchedImage(
  image: ImageSource,
  disk: MadeDisk | undefined,
  changed: Uint8Array = new Uint8Array(),
): ImageSource {
  return disk === undefined ? image : { ...image, made: { disk, changed } };
}

/**
 * Tells whether an output that was read for its unchanged blocks was still what the ledger says, by the digest of its
 * content, which is returned. `records`: of what is made of it. Rejects with REFIX_REFUSED, as reading it does.
 */
export async function refuseChangedOutput(
  { ledger, pool, digest, signal }: BatchContext,
  { record }: ClaimedJob,
  disk: number,
  { source, capacityBytes }: DiskSurvey,
  records: BlockRecords,
): Promise<string> {
  const { made } = source;
  if (made === undefined) throw new XenferryError('INTERNAL', 'nothing was made before');
  const before = await digestBlocks({
    pool,
    source: { ...source, made: { ...made, changed: new Uint8Array() } },
    capacityBytes,
    allocated: made.changed,
    threads: pool.threads,
    digest,
    signal,
  });
  const found = diskDigest(patchedRecords(records, before, made.changed));
  const row = (await ledger.disks(record.id)).find((one) => one.disk === disk);
  // A run that was killed may have put the new one there already.
  if (found === row?.digest || found === row?.replaces) return found;
  throw refused(`disk ${disk} of the output was changed since it was made`);
}

export function refused(message: string): XenferryError {
  return new XenferryError('REFIX_REFUSED', message);
}
