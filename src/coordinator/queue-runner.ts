import { setTimeout as delay } from 'node:timers/promises';
import type { JobState, Ledger } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';
import type { JobQueue } from '../queue/index.js';
import { BandwidthShares } from './bandwidth-shares.js';
import type { PlannedJob } from './job.js';
import type { JobRunner } from './job-runner.js';
import { failureBy, stateAfter } from './stop-reasons.js';

/** A worker that is asked to stop has so long; after that it is not its job any more. */
const STOP_MILLISECONDS = 15_000;
const ENDED: ReadonlySet<JobState> = new Set<JobState>(['paused', 'done', 'failed', 'cancelled']);

/** What goes through no cap: files of the guest, and what a pool does by itself. */
const MOVES_NOTHING: ReadonlySet<JobState> = new Set<JobState>(['fixing', 'finishing']);

/** The batch whose jobs are run. */
interface QueuedBatch {
  readonly ledger: Ledger;
  readonly queue: Pick<JobQueue, 'offer' | 'whenEnded' | 'withdraw'>;
  readonly batchId: number;
  /** Absolute path of the target folder. */
  readonly target: string;
  /** Whether it knows bandwidth caps, now or later. */
  readonly capped: boolean;
  /** For tests; 15 seconds. */
  readonly stopMilliseconds?: number;
}

/** Has jobs run by the workers at a queue. */
export class QueueRunner implements JobRunner {
  readonly #batch: QueuedBatch;
  readonly #shares = new BandwidthShares();

  constructor(batch: QueuedBatch) {
    this.#batch = batch;
  }

  async run({ record, through }: PlannedJob, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return await this.#settle(record.id, signal);
    try {
      await this.#run(record.id, through, signal);
    } finally {
      this.#shares.end(record.id);
    }
  }

  async limitBandwidth(bytesPerSecond: number | null): Promise<void> {
    const { ledger, capped } = this.#batch;
    if (!capped) return;
    for (const [jobId, state] of await ledger.workers.statesOf(this.#shares.jobIds)) {
      this.#shares.moves(jobId, !MOVES_NOTHING.has(state));
    }
    const told = this.#shares.divide(bytesPerSecond, performance.now());
    for (const { jobIds, bandwidth } of told) await ledger.workers.share(jobIds, bandwidth);
    if (told.length > 0) this.#shares.told(performance.now());
  }

  async #run(jobId: number, through: PlannedJob['through'], signal: AbortSignal): Promise<void> {
    const { ledger, queue, batchId, target, capped } = this.#batch;
    const offer = await ledger.workers.offer(jobId, capped ? 0 : null);
    if (capped) this.#shares.begin(jobId);
    const ended = queue.whenEnded(offer);
    await queue.offer({ jobId, batchId, target, offer, through });
    const stopped = new AbortController();
    const asked = whenAborted(signal, stopped.signal).then(() => this.#stop(jobId, offer, signal, ended));
    await Promise.race([ended, asked]);
    stopped.abort();
    const { state } = await ledger.job(jobId);
    if (ENDED.has(state)) return;
    // Whoever comes back to it now finds that it is not his any more.
    if (signal.aborted) await this.#settle(jobId, signal);
    else {
      const error = new XenferryError('WORKER_CRASHED', 'the workers that ran it died, or gave it up');
      await ledger.failJob(jobId, error);
    }
  }

  async #settle(jobId: number, signal: AbortSignal): Promise<void> {
    const { ledger } = this.#batch;
    const failure = failureBy(signal);
    if (failure === null) await ledger.setState(jobId, stateAfter(signal));
    else await ledger.failJob(jobId, failure);
  }

  /** Resolves when the job is stopped, or has had its time. */
  async #stop(jobId: number, offer: string, signal: AbortSignal, ended: Promise<void>): Promise<void> {
    const { ledger, queue, stopMilliseconds = STOP_MILLISECONDS } = this.#batch;
    if (await queue.withdraw(offer)) return;
    const { reason } = signal;
    await ledger.workers.askToStop(jobId, reason instanceof XenferryError ? reason.code : 'CANCELED');
    await Promise.race([ended, delay(stopMilliseconds, undefined, { ref: false })]);
  }
}

/** Resolves when `signal` aborts; never when `unwanted` does first, and then leaves no listener behind. */
async function whenAborted(signal: AbortSignal, unwanted: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true, signal: unwanted });
    if (signal.aborted) resolve();
  });
}
