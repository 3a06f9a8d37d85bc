import type { GuestOutcome } from '../coordinator/index.js';
import { type JobFile, type JobFilter, type JobRow, RUNNING_STATES } from '../ledger/index.js';
import type { PlannedMachine } from '../model/plan.js';
import { sourceChangeState } from '../report/index.js';
import type { JobDetail, JobSummary } from './api/jobs.js';
import { jobOutlook, type KnownOutlook } from './outlooks.js';

const RUNNING: ReadonlySet<string> = new Set(RUNNING_STATES);
const DAY_MS = 86_400_000;
const ENDED: ReadonlySet<string> = new Set(['done', 'cancelled']);

export function jobSummary(row: JobRow, outlook: KnownOutlook | null): JobSummary {
  const { id, batchId, machineId, name, wave, state, dataBytes, error, worker, attempts, progress } = row;
  const running = RUNNING.has(state);
  const ahead = ENDED.has(state) ? null : jobOutlook(outlook, id);
  return {
    id,
    batchId,
    machineId,
    name,
    wave,
    state: stateOf(row),
    step: running ? (progress?.step ?? null) : null,
    movedBytes: state === 'done' ? dataBytes : (progress?.movedBytes ?? 0),
    dataBytes,
    bytesPerSecond: running ? (progress?.bytesPerSecond ?? 0) : 0,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    rolledBackAt: row.rolledBackAt,
    expectedStart: ahead?.startsAt ?? null,
    expectedEnd: ahead?.endsAt ?? null,
    fits: ahead?.fits ?? null,
    hold: running ? null : (ahead?.hold ?? null),
    error: error === null ? null : { code: error.code, message: error.message, hint: error.hint },
    worker,
    attempts,
    stuckSince: running ? (ahead?.stuckSince ?? null) : null,
    onHold: ahead?.onHold ?? false,
  };
}

/** To the ledger, one that is taken back is cancelled. */
export function stateOf({ state, rollback }: Pick<JobRow, 'state' | 'rollback'>): JobSummary['state'] {
  if (rollback === null) return state;
  return rollback === 'done' ? 'rolledBack' : 'rollingBack';
}

/** What the ledger has to look for. */
export function filterOf(state: JobSummary['state'] | undefined): Pick<JobFilter, 'state' | 'rollback'> {
  if (state === 'rolledBack') return { rollback: 'done' };
  if (state === 'rollingBack') return { rollback: 'begun' };
  return state === 'cancelled' ? { state, rollback: null } : { state };
}

export function jobDetail(row: JobRow, file: JobFile, outlook: KnownOutlook | null): JobDetail {
  const planned = JSON.parse(file.planned) as PlannedMachine | null;
  return {
    ...jobSummary(row, outlook),
    os: planned?.profile.title ?? null,
    firmware: planned?.machine.firmware ?? null,
    cpus: planned?.machine.cpus ?? null,
    memoryBytes: planned?.machine.memoryBytes ?? null,
    steps: file.steps.map(({ name, state, started_at, finished_at, bytes }) => ({
      name,
      state,
      startedAt: started_at,
      finishedAt: finished_at,
      bytes,
    })),
    disks: disksOf(planned, file),
    nics: planned?.nics.map(({ network, mac }) => ({ network, mac })) ?? [],
    concerns: planned?.concerns.map((concern) => ({ ...concern })) ?? [],
    guest: guestOf(file.guest),
    sourceChanges: sourceChangesOf(planned, row, file),
    rollbackUntil: rollbackUntil(planned, row),
    notes: [...file.notes],
    landed: file.landed,
    output: planned?.output ?? null,
    failures: file.failures.map((failure) => ({ ...failure })),
  };
}

function sourceChangesOf(
  planned: PlannedMachine | null,
  { state }: JobRow,
  { sourceChanges }: JobFile,
): JobDetail['sourceChanges'] {
  const made = sourceChanges.map((change) => {
    const { kind, begunAt, madeAt, undoneAt } = change;
    return { kind, state: sourceChangeState(change), begunAt, madeAt, undoneAt };
  });
  if (ENDED.has(state)) return made;
  const standing = new Set(sourceChanges.flatMap(({ kind, undoneAt }) => (undoneAt === null ? kind : [])));
  const toCome = (planned?.live?.changes ?? []).filter((kind) => !standing.has(kind));
  const nothing = { state: 'planned', begunAt: null, madeAt: null, undoneAt: null } as const;
  return [...made, ...toCome.map((kind) => ({ kind, ...nothing }))];
}

function rollbackUntil(planned: PlannedMachine | null, row: JobRow): number | null {
  const live = planned?.live ?? null;
  const isMoved = row.rollback === 'begun' || row.state === 'done';
  return live === null || !isMoved ? null : (row.endedAt ?? Date.now()) + live.rollbackDays * DAY_MS;
}

function disksOf(planned: PlannedMachine | null, { disks }: JobFile): JobDetail['disks'] {
  const converted = new Map(disks.map((disk) => [disk.disk, disk]));
  return (planned?.machine.disks ?? []).map(({ file, capacityBytes }, index) => ({
    index,
    name: file,
    capacityBytes,
    dataBytes: converted.get(index)?.data_bytes ?? null,
    digest: converted.get(index)?.digest ?? null,
    storage: planned?.disks[index]?.storage ?? null,
  }));
}

function guestOf(recorded: string | null): JobDetail['guest'] {
  const outcome = recorded === null ? null : (JSON.parse(recorded) as GuestOutcome);
  if (outcome === null || outcome.kind === 'none') return null;
  if (outcome.kind === 'left') return { title: null, left: outcome.reason.message, changes: [], files: [] };
  const { system, fixups, edits } = outcome.record;
  return {
    title: system.title,
    left: null,
    changes: fixups.map(({ title, done, atFirstBoot, warnings }) => ({
      fixup: title,
      done: [...done],
      atFirstBoot: [...atFirstBoot],
      warnings: [...warnings],
    })),
    files: edits.map(({ path, kind }) => ({ path, change: kind })),
  };
}
