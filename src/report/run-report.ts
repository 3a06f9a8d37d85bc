import { nextOpening } from '../calendar/index.js';
import type { GuestOutcome } from '../coordinator/index.js';
import type {
  FailureRecord,
  JobRecord,
  JobState,
  Ledger,
  RecordedError,
  Rollback,
  StepName,
  StepState,
} from '../ledger/index.js';
import { type Destination, readDestination } from '../model/destination.js';
import type { ErrorCode } from '../model/errors.js';
import { groupBy } from '../model/group-by.js';
import type { SourceChange } from '../model/live.js';
import type { Outlook } from '../model/outlook.js';
import type { PlannedMachine } from '../model/plan.js';
import { BLOCK_BYTES } from '../model/units.js';
import { type WarmReport, warmReports } from './warm-report.js';

/** What a batch did, machine by machine; the content of report.json. Sizes are bytes, times milliseconds since 1970. */
export interface RunReport {
  readonly target: string;
  readonly destination: Destination;
  readonly sources: readonly string[];
  readonly startedAt: number;
  /** Null while the batch runs, or when it was killed. */
  readonly finishedAt: number | null;
  /** Seconds that the batch was expected to take before anything was measured; null when nobody said. */
  readonly expectedSeconds: number | null;
  readonly totals: {
    readonly machines: number;
    readonly done: number;
    readonly failed: number;
    /** None of the others. */
    readonly open: number;
    /** Taken back to their source after their move. */
    readonly rolledBack: number;
    readonly dataBytes: number;
    readonly outputBytes: number;
  };
  readonly machines: readonly MachineReport[];
}

export interface MachineReport {
  readonly name: string;
  readonly state: JobState;
  /** Whether it was taken back to its source; `begun`: not to the end. */
  readonly rollback: Rollback | null;
  /** When its source had it again. */
  readonly rolledBackAt: number | null;
  readonly error: RecordedError | null;
  /** File or folder in the target folder; null for a descriptor that could not be read. */
  readonly output: string | null;
  readonly outputBytes: number | null;
  /** Why it does not start, when it could be that it does. */
  readonly waitsFor: string | null;
  /** UUID of the VM that it became in a pool. */
  readonly landed: string | null;
  /** Runs that failed and were not the last, oldest first. */
  readonly tries: readonly FailedTry[];
  /** What the machine had and has no more, one sentence each. */
  readonly notes: readonly string[];
  /** Guest data of an unfinished machine that the journal holds: a new run does not do it again. */
  readonly safeBytes: number;
  /** As planned; null for a descriptor that could not be read. */
  readonly planned: PlannedMachine | null;
  /** What fixups did to its guest; null when nobody looked at it. */
  readonly guest: GuestOutcome | null;
  readonly disks: readonly DiskReport[];
  readonly steps: readonly StepReport[];
  /** What was done to it where it came from, in this order. */
  readonly sourceChanges: readonly SourceChangeReport[];
  /** Of a machine that is or was moved while it ran; null for another. */
  readonly warm: WarmReport | null;
}

/** Times are milliseconds since 1970. */
export interface SourceChangeReport {
  readonly kind: SourceChange;
  /** It was about to be made. */
  readonly begunAt: number;
  /** Null when nobody knows whether it was made. */
  readonly madeAt: number | null;
  /** Null as long as it stands. */
  readonly undoneAt: number | null;
  /** The machine has moved: it stays so. */
  readonly kept: boolean;
}

export interface FailedTry {
  readonly at: number;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface DiskReport {
  readonly file: string;
  readonly capacityBytes: number;
  /** Bytes of blocks that are not zeros; null until converted. */
  readonly dataBytes: number | null;
  /** Digest of the content, the same in every format (see docs/verification.md); null until converted. */
  readonly digest: string | null;
  /** Algorithm of the manifest digest that was checked on the source file; null without one. */
  readonly manifest: string | null;
}

export interface StepReport {
  readonly name: StepName;
  readonly state: StepState;
  readonly seconds: number | null;
  /** Guest data handled by the last run of the step. */
  readonly bytes: number;
}

const WAITING: ReadonlySet<JobState> = new Set<JobState>(['planned', 'paused', 'failed']);

/** Whether the run has started the VM, and seen it run. */
export function isStarted({ steps }: Pick<MachineReport, 'steps'>): boolean {
  return steps.some(({ name, state }) => name === 'start' && state === 'done');
}

/** Collects the report of a batch, or of the ledger's latest one; null when there is none. */
export async function collectReport(
  ledger: Ledger,
  target: string,
  batchId?: number,
): Promise<RunReport | null> {
  const batch = batchId === undefined ? await ledger.latestBatch(target) : await ledger.batch(batchId);
  if (batch === null) return null;
  const outlook = await outlookOf(ledger, batch.id);
  const changes = groupBy(await ledger.sourceChanges.ofBatch(batch.id), ({ jobId }) => String(jobId));
  const failures = groupBy(await ledger.nights.failures(batch.id), ({ jobId }) => String(jobId));
  const warmOf = await warmReports(ledger, batch.id);
  const expected = batch.finishedAt === null ? outlook : null;
  const machines = await Promise.all(
    (await ledger.jobs(batch.id)).map(async (job) => ({
      ...(await machineReport(ledger, job, expected, warmOf)),
      tries: triesOf(job, failures.get(String(job.id)) ?? []),
      sourceChanges: (changes.get(String(job.id)) ?? []).map(({ kind, begunAt, madeAt, undoneAt, kept }) => ({
        kind,
        begunAt,
        madeAt,
        undoneAt,
        kept,
      })),
    })),
  );
  const sum = (of: (machine: MachineReport) => number) =>
    machines.reduce((total, machine) => total + of(machine), 0);
  const done = machines.filter(({ state }) => state === 'done').length;
  const failed = machines.filter(({ state }) => state === 'failed').length;
  const rolledBack = machines.filter(({ rollback }) => rollback === 'done').length;
  return {
    target,
    destination: readDestination(batch.destination),
    sources: JSON.parse(batch.sources),
    startedAt: batch.startedAt,
    finishedAt: batch.finishedAt,
    expectedSeconds: expectedSeconds(outlook, batch.startedAt),
    totals: {
      machines: machines.length,
      done,
      failed,
      open: machines.length - done - failed - rolledBack,
      rolledBack,
      dataBytes: sum(({ disks }) => disks.reduce((bytes, disk) => bytes + (disk.dataBytes ?? 0), 0)),
      outputBytes: sum(({ state, outputBytes }) => (state === 'done' ? (outputBytes ?? 0) : 0)),
    },
    machines,
  };
}

async function outlookOf(ledger: Ledger, batchId: number): Promise<Outlook | null> {
  const outlook = await ledger.nights.outlook(batchId);
  return outlook === null ? null : (outlook.data as Outlook);
}

function expectedSeconds(outlook: Outlook | null, startedAt: number): number | null {
  const endsAt = outlook?.estimateEndsAt ?? null;
  return endsAt === null ? null : Math.max(0, (endsAt - startedAt) / 1000);
}

/** The last failure of one that has failed is its error. */
function triesOf({ state }: JobRecord, failures: readonly FailureRecord[]): FailedTry[] {
  const earlier = state === 'failed' ? failures.slice(0, -1) : failures;
  return earlier.map(({ at, code, message }) => ({ at, code, message }));
}

async function machineReport(
  ledger: Ledger,
  job: JobRecord,
  outlook: Outlook | null,
  warmOf: Awaited<ReturnType<typeof warmReports>>,
): Promise<Omit<MachineReport, 'tries' | 'sourceChanges'>> {
  const planned: PlannedMachine | null = JSON.parse(job.planned);
  const disks = await ledger.disks(job.id);
  const steps = await ledger.steps(job.id);
  const guest = await ledger.guest(job.id);
  const warm = warmOf(job.id, steps);
  return {
    name: planned?.name ?? job.machineId,
    state: job.state,
    rollback: job.rollback,
    rolledBackAt: job.rolledBackAt,
    error: job.error,
    output: planned?.output ?? null,
    outputBytes: job.outputBytes,
    waitsFor: WAITING.has(job.state)
      ? (outlook?.jobs[job.id]?.hold?.reason ?? cutoverAwaited(planned, warm))
      : null,
    landed: job.landed,
    notes: job.notes,
    // Of one that is there they are kept for another purpose.
    safeBytes: job.state === 'done' ? 0 : (await ledger.journaledDataBlocks(job.id)) * BLOCK_BYTES,
    planned,
    guest: guest === null ? null : JSON.parse(guest),
    disks: (planned?.machine.disks ?? []).map(({ file, capacityBytes }, index) => {
      const converted = disks.find(({ disk }) => disk === index);
      return {
        file,
        capacityBytes,
        dataBytes: converted?.data_bytes ?? null,
        digest: converted?.digest ?? null,
        manifest: converted?.manifest ?? null,
      };
    }),
    warm,
    steps: steps.map(({ name, state, started_at, finished_at, bytes }) => ({
      name,
      state,
      seconds: finished_at === null ? null : (finished_at - started_at) / 1000,
      bytes,
    })),
  };
}

/** Of a machine that waits while nothing runs. */
function cutoverAwaited(planned: PlannedMachine | null, warm: WarmReport | null): string | null {
  const window = planned?.live?.cutover ?? null;
  if (window === null || warm?.waitingSince == null) return null;
  const { begin } = nextOpening(window, Date.now());
  const opens = new Date(begin).toISOString().slice(0, 16).replace('T', ' ');
  return `waits for its cutover window ${window.name}, which opens at ${opens} UTC; run it again by then`;
}
