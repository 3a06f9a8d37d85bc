import type { FailureRecord, JobState as LedgerState, Order } from '../../ledger/index.js';
import { type Failure, goingIn, type Job, type JobProgress, type WayIn } from '../../scheduling/index.js';
import type { PlannedJob } from '../job.js';

const UNTOUCHED: JobProgress = { state: 'waiting', movedBytes: 0, endedAt: null, onHold: false };

/** The jobs of a batch as the scheduler sees them, by machine. */
export class TrackedJobs {
  readonly #scheduled: ReadonlyMap<string, Job>;
  /** Those that have taken a way into the target, as long as it says where they are or were. */
  readonly #onTheirWay = new Map<string, { readonly job: Job; readonly wayIn: WayIn }>();
  readonly #planned: ReadonlyMap<string, PlannedJob>;
  /** By the job's id in the ledger. */
  readonly #machines: ReadonlyMap<number, string>;
  readonly #progress = new Map<string, JobProgress>();
  #failures: Failure[] = [];

  /** `jobs` and `planned` are of the same machines. */
  constructor(jobs: readonly Job[], planned: readonly PlannedJob[]) {
    this.#scheduled = new Map(jobs.map((job) => [job.id, job]));
    this.#planned = new Map(planned.map((job) => [job.planned.machine.id, job]));
    this.#machines = new Map(planned.map(({ record, planned: { machine } }) => [record.id, machine.id]));
  }

  get jobs(): readonly Job[] {
    return [...this.#scheduled.keys()].map((id) => this.scheduled(id));
  }

  get progress(): ReadonlyMap<string, JobProgress> {
    return this.#progress;
  }

  /** Oldest first. */
  get failures(): readonly Failure[] {
    return this.#failures;
  }

  planned(id: string): PlannedJob {
    const job = this.#planned.get(id);
    if (job === undefined) throw new Error(`no job of machine ${id}`);
    return job;
  }

  scheduled(id: string): Job {
    const job = this.#onTheirWay.get(id)?.job ?? this.#scheduled.get(id);
    if (job === undefined) throw new Error(`machine ${id} is not scheduled`);
    return job;
  }

  /** Of a machine's job, in the ledger. */
  ledgerId(id: string): number {
    return this.planned(id).record.id;
  }

  /** At the target. */
  nameOf(id: string): string {
    return this.planned(id).planned.name;
  }

  /** By its id in the ledger; undefined for a job of another batch. */
  nameOfJob(jobId: number): string | undefined {
    const id = this.#machines.get(jobId);
    return id === undefined ? undefined : this.nameOf(id);
  }

  of(id: string): JobProgress {
    return this.#progress.get(id) ?? UNTOUCHED;
  }

  change(id: string, change: Partial<JobProgress>): void {
    this.#progress.set(id, { ...this.of(id), ...change });
  }

  /** The job starts; `wayIn`: undefined where it had none to choose from. */
  started(id: string, wayIn: WayIn | undefined): void {
    if (wayIn !== undefined) this.#onTheirWay.set(id, { job: goingIn(this.scheduled(id), wayIn), wayIn });
    this.change(id, { state: 'running', endedAt: null });
  }

  /** A run of the job has ended as the ledger says; `awaitsCutover`: with nothing left but that. */
  ended(id: string, state: LedgerState, at: number, awaitsCutover = false): void {
    const moved = state === 'done' || state === 'paused' ? {} : { movedBytes: 0 };
    this.change(id, { state: endOf(state), endedAt: at, ...moved, awaitsCutover });
    if (awaitsCutover) this.change(id, { movedBytes: this.scheduled(id).bytes });
    // The next run may take another.
    if (state !== 'done') this.#onTheirWay.delete(id);
  }

  failed({ jobId, at, code }: FailureRecord): void {
    const id = this.#machines.get(jobId);
    if (id === undefined) return;
    const wayIn = this.#onTheirWay.get(id)?.wayIn;
    this.#failures.push({ jobId: id, at, code, ...(wayIn !== undefined && { wayIn }) });
  }

  forget(ids: ReadonlySet<string>): void {
    this.#failures = this.#failures.filter(({ jobId }) => !ids.has(jobId));
  }

  /** Of pauses and resumes the last word counts, whatever it was said of: machine, wave or batch. */
  rest(order: Order): void {
    if (order.verb !== 'pause' && order.verb !== 'resume') return;
    for (const id of this.covered(order)) this.change(id, { onHold: order.verb === 'pause' });
  }

  /** Ids of the machines that an order is about. */
  covered({ scope, subject }: Order): string[] {
    switch (scope) {
      case 'batch':
        return this.jobs.map(({ id }) => id);
      case 'wave':
        return this.jobs.flatMap(({ id, wave }) => (wave === subject ? [id] : []));
      case 'machine':
        return this.#planned.has(subject) ? [subject] : [];
    }
  }
}

function endOf(state: LedgerState): JobProgress['state'] {
  return state === 'done' || state === 'paused' || state === 'cancelled' ? state : 'failed';
}
