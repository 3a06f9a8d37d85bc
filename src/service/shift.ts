import type { BatchEvent, BatchObserver } from '../coordinator/index.js';
import type { BatchStage, Ledger, RecordedError } from '../ledger/index.js';
import { serializeError, toXenferryError, XenferryError } from '../model/errors.js';
import { collectReport, writeReport } from '../report/index.js';
import { filedBatch } from './batch-office.js';
import type { PlannedMigration, Planner } from './planner.js';

/** What a shift writes into the log. */
export interface ShiftLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Runs a planned batch to its end; an aborted `signal` leaves it so that it can go on. */
export type BatchRunner = (
  planned: PlannedMigration,
  ledger: Ledger,
  signal: AbortSignal,
  observe: BatchObserver,
  batch: { readonly id: number; readonly name: string },
) => Promise<unknown>;

export interface ShiftOptions {
  readonly ledger: Ledger;
  readonly planner: Planner;
  readonly run: BatchRunner;
  /** Batches at a time. */
  readonly atOnce: number;
  readonly log: ShiftLog;
}

/** Runs queued batches, the oldest first, and goes on with those that an earlier process left. */
export class Shift {
  readonly #options: ShiftOptions;
  readonly #stop = new AbortController();
  readonly #running = new Map<number, Promise<void>>();
  #looking: Promise<void> = Promise.resolve();

  constructor(options: ShiftOptions) {
    this.#options = options;
  }

  /** Looks whether there is something to run. */
  wake(): void {
    this.#looking = this.#looking.then(() => this.#look()).catch((error: unknown) => this.#tell(error));
  }

  /** Lets running batches finish the blocks in flight; the next shift goes on with them. */
  async end(): Promise<void> {
    this.#stop.abort(new XenferryError('PAUSED', 'the service stops'));
    await this.#looking;
    await Promise.all(this.#running.values());
  }

  async #look(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    for (const { id, stage } of await this.#options.ledger.desk.waiting()) {
      if (this.#running.size >= this.#options.atOnce) return;
      if (this.#running.has(id)) continue;
      this.#running.set(id, this.#work(id, stage));
    }
  }

  async #work(id: number, stage: BatchStage): Promise<void> {
    try {
      await this.#runBatch(id, stage);
    } catch (error) {
      this.#tell(error, id);
    } finally {
      this.#running.delete(id);
      this.wake();
    }
  }

  async #runBatch(id: number, stage: BatchStage): Promise<void> {
    const { ledger, planner, run, log } = this.#options;
    const { signal } = this.#stop;
    const desk = ledger.desk;
    const filed = await desk.filed(id);
    if (filed === null || !(await desk.setStage(id, [stage], 'running'))) return;
    log.info({ batch: id }, 'batch begins');
    let failure: RecordedError | null = null;
    try {
      const planned = await planner.plan(filed.migration, filed.name);
      if (!(await desk.refile(id, 'running', filedBatch(filed.name, planned)))) {
        throw new XenferryError('BATCH_BUSY', 'another batch has these sources and this target');
      }
      if (signal.aborted) return;
      const { name } = filed;
      await run(planned, ledger, signal, (event) => this.#note(id, event), { id, name });
      if (!signal.aborted) await this.#report(id, planned.plan.target);
    } catch (error) {
      const { code, message, hint, place } = serializeError(error);
      failure = { code, message, hint, place };
      throw error;
    } finally {
      if (!signal.aborted) await desk.end(id, Date.now(), failure);
      log.info({ batch: id }, signal.aborted ? 'batch is left for the next start' : 'batch ended');
    }
  }

  async #report(id: number, target: string): Promise<void> {
    const report = await collectReport(this.#options.ledger, target, id);
    if (report !== null) await writeReport(report, target);
  }

  /** A line for each step of a machine; progress is in the ledger. */
  #note(batch: number, event: BatchEvent): void {
    if (event.kind !== 'job') return;
    const { name, state, error } = event;
    const fields = { batch, machine: name, state, ...(error !== null && { error: loggedError(error) }) };
    if (state === 'failed') this.#options.log.error(fields, 'machine failed');
    else this.#options.log.info(fields, 'machine');
  }

  #tell(error: unknown, batch?: number): void {
    this.#options.log.error(
      { batch, error: loggedError(serializeError(error)) },
      toXenferryError(error).message,
    );
  }
}

function loggedError({ code, message, hint }: { code: string; message: string; hint: string }): object {
  return { code, message, hint };
}
