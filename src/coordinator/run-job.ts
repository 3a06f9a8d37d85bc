import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dataBytesOf, diskDigest, VERIFY, type XvaFile } from '../conversion/index.js';
import { removeGuestFolder } from '../guests/index.js';
import type { ImageSource } from '../images/index.js';
import { PartialFile, partialLength } from '../io/partial-file.js';
import type { JobRecord, Ledger, StepName } from '../ledger/index.js';
import {
  type ErrorCode,
  errorCodeOf,
  isCanceled,
  systemErrorCode,
  toXenferryError,
  XenferryError,
} from '../model/errors.js';
import { isBlocking, type PlannedMachine } from '../model/plan.js';
import { manifestAlgorithm } from '../model/virtual-machine.js';
import type { XvaPlan } from '../targets/xva-folder/index.js';
import { type WorkerThreadsPool, withCancelFlag } from '../worker-threads-pool/index.js';
import type { BatchObserver } from './batch-events.js';
import { convertMachine } from './convert-machine.js';
import { type BatchWays, fingerprintOf } from './fingerprint.js';
import { fixMachine, type GuestOutcome, keptOutcome, mendedDisks, wantsFixups } from './fix-machine.js';
import { withReadableDisks } from './readable-disks.js';

export interface JobContext extends BatchWays {
  readonly ledger: Ledger;
  readonly pool: WorkerThreadsPool;
  /** Absolute path. */
  readonly target: string;
  readonly signal: AbortSignal;
  readonly observe: BatchObserver;
}

/** A machine's job with everything it needs. */
export interface PlannedJob {
  readonly record: JobRecord;
  readonly planned: PlannedMachine;
  readonly xva: XvaPlan;
  readonly fingerprint: string;
}

/** After these the partial file is worth keeping: the next run goes on with it. */
const RESUMABLE: readonly ErrorCode[] = ['CANCELED', 'SOURCE_UNREADABLE', 'WORKER_CRASHED', 'INTERNAL'];

/**
 * Brings one machine from whatever state the ledger has it in to `done`, or to `failed` or `cancelled`.
 * Never throws but for a ledger that cannot be written.
 */
export async function runJob(context: JobContext, job: PlannedJob): Promise<void> {
  const { ledger, observe, signal } = context;
  const { record, planned } = job;
  const { name } = planned;
  try {
    signal.throwIfAborted();
    refuseBlocked(planned);
    if (!(await isFinished(context, job))) await convertAndVerify(context, job);
    await ledger.setState(record.id, 'done');
    observe({ kind: 'job', name, state: 'done', error: null });
  } catch (error) {
    if (signal.aborted || isCanceled(error)) {
      await ledger.setState(record.id, 'cancelled');
      observe({ kind: 'job', name, state: 'cancelled', error: null });
      return;
    }
    const failure = toXenferryError(error);
    await ledger.failJob(record.id, failure);
    observe({ kind: 'job', name, state: 'failed', error: failure });
  }
}

function refuseBlocked({ concerns }: PlannedMachine): void {
  const blocking = concerns.find(isBlocking);
  if (blocking === undefined) return;
  const { id, message, remedy } = blocking;
  const code = errorCodeOf(id);
  throw new XenferryError(code ?? 'PLAN_BLOCKED', code === null ? `${message} (${id})` : message, {
    hint: remedy,
  });
}

/** Whether an earlier run verified the output and it still stands under its final name. */
async function isFinished({ target }: JobContext, { record, planned }: PlannedJob): Promise<boolean> {
  if (record.outputBytes === null) return false;
  return (await fileSize(join(target, planned.output))) === record.outputBytes;
}

async function convertAndVerify(context: JobContext, job: PlannedJob): Promise<void> {
  const { ledger } = context;
  const id = job.record.id;
  const path = join(context.target, job.planned.output);
  await refuseForeignFile(path, job.xva.vmUuid);
  const guestFolder = ledger.guestFolder(id);
  const begun = await partialLength(path);
  // Blocks of a guest that must be mended anew are not those that would be converted now.
  const known = begun === null ? null : await keptOutcome(await ledger.guest(id), guestFolder);
  const verified = known !== null && begun === job.record.outputBytes;
  if (known === null) await ledger.resetJob(id);
  const partial = await PartialFile.open(path, known !== null);
  try {
    if (!verified) {
      const xva = await withReadableDisks(
        job.planned.machine,
        partial.path,
        { inOnePiece: wantsFixups(job.planned, context.profiles), signal: context.signal },
        async (disks) => {
          const guest = known ?? (await fix(context, job, disks));
          return await convert(context, job, mendedDisks(disks, guest, guestFolder), partial);
        },
      );
      const fileBytes = await verify(context, job, partial, xva);
      await partial.sync();
      await ledger.recordOutput(id, fileBytes);
    }
    await partial.publish();
    await ledger.clearBlocks(id);
    await removeGuestFolder(guestFolder);
  } catch (error) {
    if (context.signal.aborted || RESUMABLE.includes(toXenferryError(error).code)) await partial.keep();
    else {
      await partial.discard();
      await ledger.resetJob(id);
      await removeGuestFolder(guestFolder);
    }
    throw error;
  }
}

/** Mends the guest and writes down what came of it. */
async function fix(
  context: JobContext,
  job: PlannedJob,
  disks: readonly ImageSource[],
): Promise<GuestOutcome> {
  const { ledger, signal } = context;
  const { record, planned } = job;
  const wanted = wantsFixups(planned, context.profiles);
  if (wanted) await enter(context, job, 'fix');
  const folder = ledger.guestFolder(record.id);
  const outcome = await fixMachine({ ...context, planned, folder, signal }, disks);
  await ledger.recordGuest(record.id, JSON.stringify(outcome));
  if (wanted) await ledger.finishStep(record.id, 'fix', 'done', 0);
  return outcome;
}

async function convert(
  context: JobContext,
  job: PlannedJob,
  images: readonly ImageSource[],
  partial: PartialFile,
): Promise<XvaFile> {
  const { ledger, pool, checksum, digest, signal, observe } = context;
  const { record, planned, xva } = job;
  const { machine } = planned;
  await enter(context, job, 'convert');
  const result = await convertMachine(
    {
      machine,
      images,
      xva,
      pool,
      checksum,
      digest,
      signal,
      journal: (index) => ledger.blockJournal(record.id, index),
      onProgress: (disk, progress) => observe({ kind: 'progress', name: machine.name, disk, progress }),
    },
    partial,
  );
  if ((await fingerprintOf(planned, xva, context)) !== job.fingerprint) {
    throw new XenferryError('SOURCE_CHANGED', 'a source file changed while it was converted', {
      file: machine.source.descriptor,
    });
  }
  let bytes = 0;
  for (const [disk, { records, resumedBlocks }] of result.disks.entries()) {
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
  return result;
}

/** Reads the archive back before it gets its name. Returns its length in bytes. */
async function verify(
  context: JobContext,
  job: PlannedJob,
  partial: PartialFile,
  xva: XvaFile,
): Promise<number> {
  await enter(context, job, 'verify');
  context.signal.throwIfAborted();
  const expected = xva.disks.map(({ records }) => records);
  const { bytes } = await withCancelFlag(context.signal, (canceled) =>
    context.pool.run(VERIFY, { kind: 'xva', path: partial.path, expected, canceled }),
  );
  await context.ledger.finishStep(job.record.id, 'verify', 'done', bytes);
  return xva.fileBytes;
}

const STATES = { fix: 'fixing', convert: 'converting', verify: 'verifying' } as const;

async function enter(
  { ledger, observe }: JobContext,
  { record, planned }: PlannedJob,
  step: StepName,
): Promise<void> {
  const state = STATES[step];
  await ledger.setState(record.id, state);
  await ledger.startStep(record.id, step);
  observe({ kind: 'job', name: planned.name, state, error: null });
}

/** Only an archive of the same machine is ever replaced. */
async function refuseForeignFile(path: string, vmUuid: string): Promise<void> {
  if ((await fileSize(path)) === null) return;
  const handle = await open(path, 'r');
  try {
    const head = Buffer.alloc(4096);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    if (head.subarray(0, bytesRead).includes(`<name>uuid</name><value>${vmUuid}</value>`)) return;
  } finally {
    await handle.close();
  }
  throw new XenferryError('TARGET_EXISTS', 'a file of that name exists and is not this machine', {
    file: path,
    hint: 'Move the file away or choose another target.',
  });
}

async function fileSize(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
