import type { RecordedError, StepName } from '../../ledger/index.js';
import { formatSeconds } from '../../model/format.js';
import type { Stop, WayIn } from '../../scheduling/index.js';
import type { BatchContext, PlannedJob } from '../job.js';
import type { JobRunner } from '../job-runner.js';
import { stopReason } from '../stop-reasons.js';
import type { NightRates } from './rates.js';
import type { TrackedJobs } from './tracked-jobs.js';

interface RunningParts {
  readonly context: Pick<BatchContext, 'ledger' | 'signal'>;
  readonly runner: JobRunner;
  readonly tracked: TrackedJobs;
  readonly rates: NightRates;
  /** Told of a machine's end, with the error when it has failed. */
  readonly onEnd: (id: string, error: RecordedError | null) => void;
  /** Called when one runs no more. */
  readonly wake: () => void;
}

interface Run {
  readonly stop: AbortController;
  readonly end: Promise<void>;
  readonly since: number;
}

/** The jobs that run, by machine. */
export class RunningJobs {
  readonly #parts: RunningParts;
  readonly #runs = new Map<string, Run>();
  #failure: unknown = null;

  constructor(parts: RunningParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#runs.size;
  }

  /** Of machines. */
  get ids(): string[] {
    return [...this.#runs.keys()];
  }

  /** Why a job's end could not be written down; null while all could. */
  get failure(): unknown {
    return this.#failure;
  }

  has(id: string): boolean {
    return this.#runs.has(id);
  }

  /** When the run began, in milliseconds since 1970; 0 for one that does not run. */
  since(id: string): number {
    return this.#runs.get(id)?.since ?? 0;
  }

  /** `wayIn`: into the target; undefined where the machine had none to choose from. */
  start(id: string, wayIn?: WayIn): void {
    const { context, runner, tracked, rates, wake } = this.#parts;
    const job = tracked.planned(id);
    const stop = new AbortController();
    const signal = AbortSignal.any([context.signal, stop.signal]);
    tracked.started(id, wayIn);
    rates.begin(tracked.scheduled(id));
    const end = runner
      .run({ ...job, through: wayIn?.map(({ name }) => name) }, signal)
      .then(() => this.#ended(id, job))
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#runs.delete(id);
        wake();
      });
    this.#runs.set(id, { stop, end, since: Date.now() });
  }

  stop({ jobId, how, reason }: Stop): void {
    this.#runs.get(jobId)?.stop.abort(stopReason(how === 'pause' ? 'PAUSED' : 'WITHDRAWN', reason));
  }

  /** Its step has not come on for so many seconds: it has failed when it has stopped. */
  giveUp(id: string, step: StepName, seconds: number): void {
    const reason = `${step} has not come on for ${formatSeconds(seconds)}`;
    this.#runs.get(id)?.stop.abort(stopReason('STEP_STUCK', reason));
  }

  /** Resolves when the run has ended, at once for one that does not run. */
  async end(id: string): Promise<void> {
    await this.#runs.get(id)?.end;
  }

  /** Resolves when all have ended. */
  async allEnd(): Promise<void> {
    await Promise.all([...this.#runs.values()].map(({ end }) => end));
  }

  async #ended(id: string, { record }: PlannedJob): Promise<void> {
    const { context, tracked, rates, onEnd } = this.#parts;
    const { ledger } = context;
    const { state, error } = await ledger.job(record.id);
    const awaitsCutover = state !== 'done' && (await ledger.warmMoves.awaitsCutover(record.id));
    const at = Date.now();
    rates.end(id);
    const failed = state === 'failed' ? error : null;
    if (failed !== null) {
      const failure = { jobId: record.id, at, code: failed.code, message: failed.message };
      await ledger.nights.addFailure(failure);
      // Before it counts as ended: whether it is tried again depends on it.
      tracked.failed(failure);
    }
    onEnd(id, failed);
    tracked.ended(id, state, at, awaitsCutover);
  }
}
