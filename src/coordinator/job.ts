import { type ConvertedDisk, dataBytesOf, diskDigest } from '../conversion/index.js';
import type { ImageSource } from '../images/index.js';
import type { JobRecord, JobState, Ledger, StepName } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';
import type { PlannedMachine } from '../model/plan.js';
import { manifestAlgorithm } from '../model/virtual-machine.js';
import type { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import type { PoolPatience } from '../xapi/index.js';
import type { BatchObserver } from './batch-events.js';
import { type BatchWays, fingerprintOf } from './fingerprint.js';
import { fixMachine, type GuestOutcome, wantsFixups } from './fix-machine.js';

/** What all jobs of a batch have. */
export interface BatchContext extends BatchWays {
  readonly ledger: Ledger;
  readonly pool: WorkerThreadsPool;
  /** Absolute path of the target folder. */
  readonly target: string;
  readonly signal: AbortSignal;
  readonly observe: BatchObserver;
  readonly patience?: PoolPatience | undefined;
}

/** A machine's job with everything it needs. */
export interface PlannedJob {
  readonly record: JobRecord;
  readonly planned: PlannedMachine;
  /** What is made around its disks. */
  readonly surroundings: unknown;
  readonly fingerprint: string;
}

const STATES = {
  fix: 'fixing',
  convert: 'converting',
  verify: 'verifying',
  move: 'finishing',
  snapshot: 'finishing',
  start: 'finishing',
} as const satisfies Record<StepName, JobState>;

export async function enterStep(
  { ledger, observe }: BatchContext,
  { record, planned }: PlannedJob,
  step: StepName,
): Promise<void> {
  const state = STATES[step];
  await ledger.setState(record.id, state);
  await ledger.startStep(record.id, step);
  observe({ kind: 'job', jobId: record.id, name: planned.name, state, error: null });
}

/** Mends the guest and writes down what came of it. Rejects as `fixMachine` does. */
export async function fixGuest(
  context: BatchContext,
  job: PlannedJob,
  disks: readonly ImageSource[],
): Promise<GuestOutcome> {
  const { ledger, signal } = context;
  const { record, planned } = job;
  const wanted = wantsFixups(planned, context.profiles);
  if (wanted) await enterStep(context, job, 'fix');
  const folder = ledger.guestFolder(record.id);
  const outcome = await fixMachine({ ...context, planned, folder, signal }, disks);
  await ledger.recordGuest(record.id, JSON.stringify(outcome));
  if (wanted) await ledger.finishStep(record.id, 'fix', 'done', 0);
  return outcome;
}

/** Ends the step `convert`: the disks are what the source holds. Rejects with SOURCE_CHANGED. */
export async function recordConverted(
  context: BatchContext,
  job: PlannedJob,
  disks: readonly Pick<ConvertedDisk, 'records' | 'resumedBlocks'>[],
): Promise<void> {
  const { ledger } = context;
  const { record, planned, surroundings, fingerprint } = job;
  const { machine } = planned;
  if ((await fingerprintOf(planned, surroundings, context)) !== fingerprint) {
    throw new XenferryError('SOURCE_CHANGED', 'a source file changed while it was converted', {
      file: machine.source.descriptor,
    });
  }
  let bytes = 0;
  for (const [disk, { records, resumedBlocks }] of disks.entries()) {
    bytes += dataBytesOf({ digests: records.digests.subarray(resumedBlocks) });
    await ledger.recordDisk({
      job_id: record.id,
      disk,
      data_bytes: dataBytesOf(records),
      digest: diskDigest(records),
      manifest: manifestAlgorithm(machine.disks[disk]),
    });
  }
  await ledger.finishStep(record.id, 'convert', 'done', bytes);
}
