import {
  type BlockJournal,
  type BlockRecords,
  type ConvertedDisk,
  type DiskProgress,
  type DiskSurvey,
  VERIFY,
  type VerifiedKind,
} from '../conversion/index.js';
import type { ImageSource } from '../images/index.js';
import { withCancelFlag } from '../worker-threads-pool/index.js';
import { type BatchContext, type ClaimedJob, enterStep, type MovedDisk, recordConverted } from './job.js';
import { besideManifestChecks, surveyDisks } from './manifest-checks.js';
import { mendedBlocks } from './mended-blocks.js';
import { refuseChangedOutput } from './refix-output.js';

/** A disk of a machine, ready to be converted. */
export interface JobDisk extends DiskSurvey {
  readonly journal: BlockJournal;
  readonly onProgress: (progress: DiskProgress) => void;
}

interface Made {
  readonly disks: readonly Pick<ConvertedDisk, 'records' | 'resumedBlocks'>[];
}

/** The step `convert`, beside which the manifest's digests are checked. Rejects as `move` does, with SOURCE_CHANGED. */
export async function convertDisks<T extends Made>(
  context: BatchContext,
  job: ClaimedJob,
  images: readonly ImageSource[],
  move: (disks: readonly JobDisk[], signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { pool, observe } = context;
  const { machine } = job.planned;
  await enterStep(context, job, 'convert');
  const surveys = await surveyDisks(images, context.signal);
  const disks = surveys.map((survey, disk) => ({
    ...survey,
    journal: job.held.blockJournal(disk),
    onProgress: (progress: DiskProgress) =>
      observe({ kind: 'progress', jobId: job.record.id, name: machine.name, disk, progress }),
  }));
  // Of an output that is there already the source was checked when it was made.
  const made = images.some((image) => image.made !== undefined)
    ? await move(disks, context.signal)
    : await besideManifestChecks(machine, pool, context.signal, (signal) => move(disks, signal));
  const moved: MovedDisk[] = [];
  for (const [index, disk] of made.disks.entries()) {
    const survey = surveys[index];
    if (survey !== undefined) moved.push(await movedDisk(context, job, index, survey, disk));
  }
  await recordConverted(context, job, moved);
  return made;
}

/** A disk as it is recorded; one that was read from an earlier output, only if that was what the ledger says. */
async function movedDisk(
  context: BatchContext,
  job: ClaimedJob,
  index: number,
  survey: DiskSurvey,
  disk: Made['disks'][number],
): Promise<MovedDisk> {
  const { records, resumedBlocks } = disk;
  const { made } = survey.source;
  if (made === undefined) {
    return { records, resumedBlocks, mended: await mendedBlocks(survey.source, context.signal) };
  }
  const { changed } = made;
  const replaces = await refuseChangedOutput(context, job, index, survey, records);
  return { records, resumedBlocks, mended: changed, patch: { changed, replaces } };
}

/** A file and what its disks must hold. */
export interface MadeFile {
  readonly path: string;
  readonly records: readonly BlockRecords[];
}

/** The step `verify`: reads files back before they get their names. Rejects with VERIFY_MISMATCH, the formats' codes. */
export async function verifyFiles(
  context: BatchContext,
  job: ClaimedJob,
  kind: VerifiedKind,
  files: readonly MadeFile[],
): Promise<void> {
  await enterStep(context, job, 'verify');
  context.signal.throwIfAborted();
  const bytes = await withCancelFlag(context.signal, async (canceled) => {
    let sum = 0;
    for (const { path, records } of files) {
      sum += (await context.pool.run(VERIFY, { kind, path, expected: records, canceled })).bytes;
    }
    return sum;
  });
  await job.held.finishStep('verify', 'done', bytes);
}
