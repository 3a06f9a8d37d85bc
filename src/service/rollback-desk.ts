import type { RollbackOutcome, rollBack } from '../coordinator/index.js';
import type { JobRow, Ledger } from '../ledger/index.js';
import { describeError, toXenferryError, XenferryError } from '../model/errors.js';
import type { RollbackProspect } from './api/jobs.js';

export interface RollbackDeskOptions {
  readonly ledger: Ledger;
  readonly rollBack: typeof rollBack;
  readonly onError: (error: unknown) => void;
}

/** Takes machines back to their source, those of a batch one after the other. What came of it is in the machine's log. */
export class RollbackDesk {
  readonly #options: RollbackDeskOptions;
  readonly #stop = new AbortController();
  /** By batch, the last of those that are wanted. */
  readonly #last = new Map<number, Promise<void>>();
  readonly #jobs = new Set<number>();

  constructor(options: RollbackDeskOptions) {
    this.#options = options;
  }

  /** Whether a machine of the batch is being taken back: no run must begin meanwhile. */
  isBusy(batchId: number): boolean {
    return this.#last.has(batchId);
  }

  /** What it takes and what stands against it; changes nothing. Rejects with NOT_FOUND, LEDGER_*. */
  async prospect(jobId: number, force: boolean): Promise<RollbackProspect> {
    return prospectOf(await this.#outcome(await this.#job(jobId), force, false));
  }

  /**
   * Has a machine taken back, and does not wait for that. Rejects with NOT_FOUND, with BATCH_BUSY while its batch runs,
   * and with what stands against it.
   */
  async begin(jobId: number, force: boolean, by: string): Promise<RollbackProspect> {
    const job = await this.#job(jobId);
    if (this.#jobs.has(jobId)) throw new XenferryError('BATCH_BUSY', 'it is being taken back');
    this.#jobs.add(jobId);
    try {
      const stage = (await this.#options.ledger.desk.filed(job.batchId))?.stage;
      if (stage === 'queued' || stage === 'running') {
        throw new XenferryError('BATCH_BUSY', 'a batch that is under way takes no machine back');
      }
      const outcome = await this.#outcome(job, force, false);
      if (outcome.reason !== null) throw outcome.reason;
      await this.#tell(job, `Rollback ordered by ${by}`);
      this.#enqueue(job, force);
      return prospectOf(outcome);
    } catch (error) {
      this.#jobs.delete(jobId);
      throw error;
    }
  }

  /** What has been begun at a source comes to its end; nothing else begins. */
  async end(): Promise<void> {
    this.#stop.abort(new XenferryError('CANCELED', 'the service stops'));
    await Promise.all(this.#last.values());
  }

  #enqueue(job: JobRow, force: boolean): void {
    const { batchId } = job;
    const before = this.#last.get(batchId) ?? Promise.resolve();
    const work = before.then(() => this.#takeBack(job, force));
    this.#last.set(batchId, work);
    void work.finally(() => {
      this.#jobs.delete(job.id);
      if (this.#last.get(batchId) === work) this.#last.delete(batchId);
    });
  }

  async #takeBack(job: JobRow, force: boolean): Promise<void> {
    try {
      const { reason } = await this.#outcome(job, force, true);
      if (reason !== null) await this.#tellRefusal(job, reason);
    } catch (error) {
      this.#options.onError(error);
      await this.#tellRefusal(job, toXenferryError(error)).catch(this.#options.onError);
    }
  }

  async #tellRefusal(job: JobRow, reason: XenferryError): Promise<void> {
    await this.#tell(job, `Not rolled back: ${describeError(reason)} (${reason.code}). ${reason.hint}`);
  }

  async #tell({ id: jobId, batchId }: JobRow, message: string): Promise<void> {
    await this.#options.ledger.events.append({ batchId, jobId, kind: 'rollback', data: { message } });
  }

  async #outcome({ batchId, machineId }: JobRow, force: boolean, act: boolean): Promise<RollbackOutcome> {
    const { ledger, rollBack } = this.#options;
    const batch = await ledger.batch(batchId);
    const { signal } = this.#stop;
    const outcomes =
      batch === null ? [] : await rollBack(ledger, { batch, machines: [machineId], act, force, signal });
    const outcome = outcomes.find((one) => one.machineId === machineId);
    if (outcome === undefined) throw new XenferryError('NOT_FOUND', 'its batch does not have it any more');
    return outcome;
  }

  async #job(id: number): Promise<JobRow> {
    const job = await this.#options.ledger.views.job(id);
    if (job === null) throw new XenferryError('NOT_FOUND', `there is no job ${id}`);
    return job;
  }
}

function prospectOf({ steps, warnings, reason }: RollbackOutcome): RollbackProspect {
  return {
    steps: [...steps],
    warnings: [...warnings],
    refusal: reason && { code: reason.code, message: describeError(reason), hint: reason.hint },
  };
}
