import { type ConvertedDisk, dataBytesOf, diskDigest } from '../conversion/index.js';
import type { ImageSource } from '../images/index.js';
import type { JobLedger, JobRecord, JobState, Ledger, StepName } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';
import type { PlannedMachine } from '../model/plan.js';
import { manifestAlgorithm } from '../model/virtual-machine.js';
import type { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import type { PoolPatience } from '../xapi/index.js';
import type { BatchObserver } from './batch-events.js';
import { runsOf } from './block-runs.js';
import { type BatchWays, jobPrints } from './fingerprint.js';
import { fixMachine, type GuestOutcome, wantsFixups } from './fix-machine.js';
import type { LiveServers } from './live/live-servers.js';

/** What all jobs of a batch have. */
export interface BatchContext extends BatchWays {
  readonly ledger: Ledger;
  readonly pool: WorkerThreadsPool;
  /** Absolute path of the target folder. */
  readonly target: string;
  readonly signal: AbortSignal;
  readonly observe: BatchObserver;
  /** Name of who runs its jobs. */
  readonly worker: string;
  readonly patience?: PoolPatience | undefined;
  /** Where machines are that still are in VMware's hands. */
  readonly liveServers: LiveServers;
}

/** A machine's job with everything it needs. */
export interface PlannedJob {
  readonly record: JobRecord;
  readonly planned: PlannedMachine;
  /** What is made around its disks, and what of that cannot be made anew. */
  readonly surroundings: unknown;
  readonly lasting: unknown;
  readonly fingerprint: string;
  /** Names of the target's hosts that it goes through, as far as they take it; any where left out. */
  readonly through?: readonly string[] | undefined;
}

/** One that is run here, and by nobody else. */
export interface ClaimedJob extends PlannedJob {
  readonly held: JobLedger;
}

const STATES = {
  fix: 'fixing',
  convert: 'converting',
  verify: 'verifying',
  move: 'finishing',
  snapshot: 'finishing',
  start: 'finishing',
} as const satisfies Record<StepName, JobState>;

/** Takes a job, from whoever ran it before, as the ledger has it now. Rejects with LEASE_LOST when there is none. */
export async function claimJob({ ledger, worker }: BatchContext, job: PlannedJob): Promise<ClaimedJob> {
  const held = await ledger.claim(job.record.id, worker);
  return { ...job, held, record: await ledger.job(job.record.id) };
}

export async function enterStep(
  { observe }: BatchContext,
  { held, record, planned }: ClaimedJob,
  step: StepName,
): Promise<void> {
  const state = STATES[step];
  await held.setState(state);
  await held.startStep(step);
  observe({ kind: 'job', jobId: record.id, name: planned.name, state, error: null });
}

/** Mends the guest and writes down what came of it. Rejects as `fixMachine` does. */
export async function fixGuest(
  context: BatchContext,
  job: ClaimedJob,
  disks: readonly ImageSource[],
): Promise<GuestOutcome> {
  const { signal } = context;
  const { held, planned } = job;
  const wanted = wantsFixups(planned, context.profiles);
  if (wanted) await enterStep(context, job, 'fix');
  const outcome = await fixMachine({ ...context, planned, folder: held.guestFolder, signal }, disks);
  await held.recordGuest(JSON.stringify(outcome));
  if (wanted) await held.finishStep('fix', 'done', 0);
  return outcome;
}

/** A disk that was converted, and how. */
export interface MovedDisk extends Pick<ConvertedDisk, 'records' | 'resumedBlocks'> {
  /** Blocks that fixups may have changed: one byte each. */
  readonly mended: Uint8Array;
  /** Where only some blocks are new. */
  readonly patch?: {
    /** One byte per block, 1 for those. */
    readonly changed: Uint8Array;
    /** Digest of what stands at the target meanwhile; null where that was not compared. */
    readonly replaces: string | null;
  };
}

/** Ends the step `convert`: the disks are what the source holds. Rejects with SOURCE_CHANGED. */
export async function recordConverted(
  context: BatchContext,
  job: ClaimedJob,
  disks: readonly MovedDisk[],
): Promise<void> {
  const { held, planned, fingerprint } = job;
  const { machine } = planned;
  if ((await jobPrints(planned, job, context)).fingerprint !== fingerprint) {
    throw new XenferryError('SOURCE_CHANGED', 'a source file changed while it was converted', {
      file: machine.source.descriptor,
    });
  }
  let bytes = 0;
  for (const [disk, { records, resumedBlocks, mended, patch }] of disks.entries()) {
    const moved = records.digests.subarray(resumedBlocks);
    const digests = patch === undefined ? moved : moved.filter((_, block) => patch.changed[block] === 1);
    bytes += dataBytesOf({ digests });
    await held.recordDisk({
      disk,
      data_bytes: dataBytesOf(records),
      digest: diskDigest(records),
      manifest: manifestAlgorithm(machine.disks[disk]),
      mended: runsOf(mended),
      replaces: patch?.replaces ?? null,
    });
  }
  await held.finishStep('convert', 'done', bytes);
}
