import { makeFolder } from '../io/make-folder.js';
import type { BatchRecord, JobLedger, Ledger } from '../ledger/index.js';
import { readDestination } from '../model/destination.js';
import { errorCodeOf, toXenferryError, XenferryError } from '../model/errors.js';
import type { PlannedMachine } from '../model/plan.js';
import { SHARE_LASTS_MS } from './bandwidth-shares.js';
import { readWays } from './batch-ways.js';
import { jobPrints } from './fingerprint.js';
import type { BatchContext } from './job.js';
import { openDelivery } from './open-delivery.js';
import { ProgressReporter } from './progress-reporter.js';
import { runJob } from './run-job.js';
import type { WorkerBandwidth } from './worker-bandwidth.js';

/** How soon a worker learns that its job is to be stopped, or is another's. */
const WATCH_MILLISECONDS = 1_000;

/** What a worker runs jobs with. `signal` is its own: it aborts when the worker is to end. */
export type WorkerContext = Pick<
  BatchContext,
  'ledger' | 'pool' | 'profiles' | 'worker' | 'signal' | 'observe' | 'patience' | 'liveServers'
> & {
  /** Of all its jobs. */
  readonly bandwidth: WorkerBandwidth;
};

/** One run of a job that the coordinator wants. */
export interface OfferedJob {
  readonly jobId: number;
  readonly offer: string;
  /** Names of the target's hosts that it is to go through; any where left out. */
  readonly through?: readonly string[] | undefined;
}

/**
 * Runs a job of a batch that another process coordinates, from what the ledger says of it, going on where its last run
 * stopped as far as that left anything here. `lost` aborts when the job is another's. Resolves with `again` when the
 * worker ends and another must take the job up. Rejects when the ledger cannot be written.
 */
export async function runOneJob(
  worker: WorkerContext,
  { jobId, offer, through }: OfferedJob,
  lost: AbortSignal,
): Promise<'ended' | 'again'> {
  const { ledger, signal } = worker;
  if (signal.aborted) return 'again';
  try {
    const held = await ledger.claim(jobId, worker.worker, offer);
    const watch = await Watch.begin(ledger, held, worker.bandwidth);
    try {
      await runHeld({ ...worker, signal: AbortSignal.any([watch.signal, lost, signal]) }, held, through);
    } finally {
      watch.close();
    }
    if (!signal.aborted || watch.signal.aborted) return 'ended';
    await held.setState('planned');
    return 'again';
  } catch (error) {
    // It is somebody else's by now, who says what becomes of it.
    if (error instanceof XenferryError && error.code === 'LEASE_LOST') return 'ended';
    throw error;
  }
}

async function runHeld(
  worker: WorkerContext,
  held: JobLedger,
  through: readonly string[] | undefined,
): Promise<void> {
  const { ledger } = worker;
  const reports = new ProgressReporter(ledger);
  try {
    const record = await ledger.job(held.jobId);
    const batch = await batchOf(ledger, held.jobId);
    const planned: PlannedMachine = JSON.parse(record.planned);
    await makeFolder(batch.target);
    const { blackOuts, ...ways } = readWays(batch.ways);
    const context: BatchContext = {
      ...worker,
      ...ways,
      target: batch.target,
      observe: (event) => {
        reports.observe(event);
        worker.observe(event);
      },
    };
    const destination = readDestination(batch.destination);
    const delivery = await openDelivery(
      { destination, machines: [planned], alone: true, blackOuts, batchId: batch.id },
      context,
    );
    try {
      const around = { surroundings: delivery.surroundings(planned), lasting: delivery.lasting(planned) };
      const { fingerprint } = await jobPrints(planned, around, context);
      await refuseOtherSource(ledger, held.jobId, fingerprint, planned);
      await runJob(context, delivery, { record, planned, ...around, fingerprint, held, through });
    } finally {
      await held.addNotes(await delivery.close());
    }
  } catch (error) {
    await held.fail(toXenferryError(error));
  } finally {
    await reports.close();
  }
}

async function batchOf(ledger: Ledger, jobId: number): Promise<BatchRecord> {
  const batch = await ledger.batchOfJob(jobId);
  if (batch === null) throw new XenferryError('LEDGER_INVALID', `the ledger has no batch of job ${jobId}`);
  return batch;
}

/** What the coordinator has planned with must be what this machine reads. */
async function refuseOtherSource(
  ledger: Ledger,
  jobId: number,
  fingerprint: string,
  { machine }: PlannedMachine,
): Promise<void> {
  if ((await ledger.fingerprint(jobId)) === fingerprint) return;
  throw new XenferryError(
    'SOURCE_CHANGED',
    'this machine sees other source files or profiles than the plan',
    {
      file: machine.source.descriptor,
      hint: 'Have all workers see the same sources under the same paths, and run the same release; then run it again.',
    },
  );
}

/** Looks whether a job is still to be run here, and what of the batch's bandwidth it has. */
class Watch {
  readonly #ledger: Ledger;
  readonly #held: JobLedger;
  readonly #bandwidth: WorkerBandwidth;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** Whether the job's share is good only for a while. */
  #isShared = false;
  #heardAt = performance.now();
  #closed = false;

  private constructor(ledger: Ledger, held: JobLedger, bandwidth: WorkerBandwidth) {
    this.#ledger = ledger;
    this.#held = held;
    this.#bandwidth = bandwidth;
    this.#timer = setInterval(() => {
      this.#doubt();
      // A ledger that cannot be asked is noticed by who writes.
      void this.#look().catch(() => {});
    }, WATCH_MILLISECONDS);
  }

  /** Its share holds from now on. */
  static async begin(ledger: Ledger, held: JobLedger, bandwidth: WorkerBandwidth): Promise<Watch> {
    const watch = new Watch(ledger, held, bandwidth);
    try {
      await watch.#look();
      return watch;
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  close(): void {
    clearInterval(this.#timer);
    // An answer that comes yet must not bring its share back.
    this.#closed = true;
    this.#bandwidth.end(this.#held.jobId);
  }

  async #look(): Promise<void> {
    const { jobId, fence } = this.#held;
    const asked = performance.now();
    const standing = (await this.#ledger.workers.standings([jobId])).get(jobId);
    if (this.#closed || this.#controller.signal.aborted) return;
    if (standing?.fence !== fence) {
      this.#stop(new XenferryError('LEASE_LOST', 'the job is another worker’s'));
    } else if (standing.stop !== null) {
      const code = errorCodeOf(standing.stop) ?? 'CANCELED';
      const isStuck = code === 'STEP_STUCK';
      this.#stop(
        new XenferryError(code, isStuck ? 'its step did not come on' : 'the operator wants it stopped'),
      );
    } else {
      this.#heardAt = asked;
      this.#isShared = standing.bandwidth !== null;
      this.#bandwidth.set(jobId, standing.bandwidth);
    }
  }

  /** By now others may have been given what was its share. */
  #doubt(): void {
    if (this.#isShared && performance.now() - this.#heardAt >= SHARE_LASTS_MS)
      this.#bandwidth.set(this.#held.jobId, 0);
  }

  #stop(reason: XenferryError): void {
    this.#bandwidth.set(this.#held.jobId, 0);
    this.#controller.abort(reason);
  }
}
