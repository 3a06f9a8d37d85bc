import type { BatchEvent, BatchObserver } from '../coordinator/index.js';
import type { BatchStage, Ledger, RecordedError } from '../ledger/index.js';
import { ERROR_CATALOG } from '../model/error-catalog.js';
import { serializeError, toXenferryError, XenferryError } from '../model/errors.js';
import { collectReport, writeReport } from '../report/index.js';
import type { PlanDocument } from './api/plans.js';
import { filedBatch } from './batch-office.js';
import { planChanges } from './plan-changes.js';
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
    let isHeld = false;
    try {
      const planned = await planner.plan(filed.migration, filed.name);
      // What an earlier run has done looks like a change itself.
      const changes = filed.lookedAt && filed.run === 0 ? await this.#changes(id, planned.document) : [];
      if (changes.length > 0) {
        await this.#hold(id, filed.name, planned, changes);
        isHeld = true;
        return;
      }
      if (!(await desk.refile(id, 'running', filedBatch(filed.name, planned)))) throw sameBatch();
      if (signal.aborted) return;
      const { name } = filed;
      await run(planned, ledger, signal, (event) => this.#note(id, event), { id, name });
      if (!signal.aborted) await this.#report(id, planned.plan.target);
    } catch (error) {
      const { code, message, hint, place } = serializeError(error);
      failure = { code, message, hint, place };
      throw error;
    } finally {
      if (!signal.aborted && !isHeld) await desk.end(id, Date.now(), failure);
      const left = isHeld ? 'batch is held: its plan has changed' : 'batch is left for the next start';
      log.info({ batch: id }, signal.aborted || isHeld ? left : 'batch ended');
    }
  }

  /** What planning says otherwise than what was shown. */
  async #changes(id: number, now: PlanDocument): Promise<string[]> {
    const shown = await this.#options.ledger.desk.plan(id);
    return shown === null ? [] : planChanges(JSON.parse(shown) as PlanDocument, now);
  }

  /** The batch becomes a draft again, whose plan says what has changed: who starts it accepts that. */
  async #hold(
    id: number,
    name: string,
    planned: PlannedMigration,
    changes: readonly string[],
  ): Promise<void> {
    const { desk } = this.#options.ledger;
    const concerns = [...planned.document.concerns, ...changes.map(changeConcern)];
    const document = { ...planned.document, concerns };
    if (!(await desk.refile(id, 'running', filedBatch(name, { ...planned, document })))) throw sameBatch();
    await desk.setStage(id, ['running'], 'draft');
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

function sameBatch(): XenferryError {
  return new XenferryError('BATCH_BUSY', 'another batch has these sources and this target');
}

function changeConcern(message: string): PlanDocument['concerns'][number] {
  return {
    id: 'PLAN_CHANGED',
    severity: 'warning',
    about: null,
    message: `since the plan was looked at: ${message}`,
    remedy: ERROR_CATALOG.PLAN_CHANGED.hint,
    fix: null,
    waivable: false,
    waived: null,
  };
}

function loggedError({ code, message, hint }: { code: string; message: string; hint: string }): object {
  return { code, message, hint };
}
