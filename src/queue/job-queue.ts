import { Queue, QueueEvents } from 'bullmq';
import { XenferryError } from '../model/errors.js';
import { type QueuedJob, type QueuePlace, queueBackend, queueName } from './backend.js';

/** Events may be lost with a connection: so often it is looked what there is. */
const LOOK_MILLISECONDS = 2_000;

/** Hands jobs to whichever worker is free, and learns when they are through. */
export class JobQueue {
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #waiting = new Map<string, () => void>();
  readonly #timer: NodeJS.Timeout;

  private constructor(queue: Queue, events: QueueEvents) {
    this.#queue = queue;
    this.#events = events;
    // What fails is tried again by the driver, and looked at below.
    queue.on('error', () => {});
    events.on('error', () => {});
    const ended = ({ jobId }: { jobId: string }) => this.#waiting.get(jobId)?.();
    events.on('completed', ended);
    events.on('failed', ended);
    this.#timer = setInterval(() => void this.#look().catch(() => {}), LOOK_MILLISECONDS);
  }

  /** Makes the queue's tables where there are none. Rejects with CONFIG_INVALID, LEDGER_UNREACHABLE, LEDGER_UNAUTHORIZED. */
  static async open(place: QueuePlace): Promise<JobQueue> {
    const { options, factory } = await queueBackend(place);
    const name = queueName(place);
    const args = factory === undefined ? [options] : [options, factory];
    const opened: { close(): Promise<void> }[] = [];
    try {
      const queue: Queue = Reflect.construct(Queue, [name, ...args]);
      opened.push(queue);
      // The tables are made once.
      await queue.waitUntilReady();
      const events: QueueEvents = Reflect.construct(QueueEvents, [name, ...args]);
      opened.push(events);
      await events.waitUntilReady();
      return new JobQueue(queue, events);
    } catch (cause) {
      for (const one of opened) await one.close().catch(() => {});
      throw queueError(cause);
    }
  }

  /** Puts a job behind those that wait already. Rejects with LEDGER_UNREACHABLE. */
  async offer(job: QueuedJob): Promise<void> {
    try {
      await this.#queue.add('job', job, { jobId: job.offer, removeOnComplete: true, removeOnFail: true });
    } catch (cause) {
      throw queueError(cause);
    }
  }

  /** Resolves when no worker has the offer, and none will. */
  async whenEnded(offer: string): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.set(offer, resolve));
    this.#waiting.delete(offer);
  }

  /** Takes an offer back that no worker has; false where one has it. */
  async withdraw(offer: string): Promise<boolean> {
    const job = await this.#queue.getJob(offer).catch(() => undefined);
    if (job === undefined || (await job.isActive().catch(() => true))) return false;
    return (await this.#queue.remove(offer).catch(() => 0)) === 1;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([this.#events.close(), this.#queue.close()]);
  }

  async #look(): Promise<void> {
    for (const [offer, resolve] of this.#waiting) {
      // What has ended is removed.
      if ((await this.#queue.getJob(offer)) === undefined) resolve();
    }
  }
}

export function queueError(cause: unknown): XenferryError {
  if (cause instanceof XenferryError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new XenferryError('LEDGER_UNREACHABLE', `the queue cannot be used: ${reason}`, { cause });
}
