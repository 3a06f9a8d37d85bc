import { XenferryError } from '../model/errors.js';
import type { Channel } from './channel.js';
import { type DeliveryOptions, type DeliveryOutcome, deliver } from './deliver.js';
import { FailureGathering } from './failure-gathering.js';
import type { Notice } from './notice.js';

/** Messages that may wait for a channel out of reach. */
const MAX_WAITING = 100;

export interface NotifierOptions extends Omit<DeliveryOptions, 'signal'> {
  /** Told of every delivery, and of what was given up. */
  readonly observe: (outcome: DeliveryOutcome) => void;
  /** Milliseconds in which failed machines of a batch make one message; five minutes when left out. */
  readonly gatherFailures?: number;
}

/** Tells channels of what happens: each in order, one message at a time, and nobody waits for it. */
export class Notifier {
  readonly #lanes: readonly Lane[];
  readonly #failures: FailureGathering;
  readonly #stop = new AbortController();

  constructor(channels: readonly Channel[], options: NotifierOptions) {
    this.#lanes = channels.map((channel) => new Lane(channel, options, this.#stop.signal));
    this.#failures = new FailureGathering((notice) => this.#tellAll(notice), options.gatherFailures);
  }

  /** Never throws. */
  tell(notice: Notice): void {
    if (notice.kind === 'machine-failed') this.#failures.add(notice);
    else this.#tellAll(notice);
  }

  /** Delivers what waits, for `milliseconds` at most; then gives it up. Never rejects. */
  async close(milliseconds = 60_000): Promise<void> {
    const limit = setTimeout(() => this.#stop.abort(), milliseconds);
    this.#failures.end();
    await Promise.all(this.#lanes.map((lane) => lane.drained()));
    clearTimeout(limit);
  }

  #tellAll(notice: Notice): void {
    for (const lane of this.#lanes) lane.add(notice);
  }
}

/** What waits for one channel. */
class Lane {
  readonly #channel: Channel;
  readonly #options: NotifierOptions;
  readonly #signal: AbortSignal;
  readonly #waiting: Notice[] = [];
  #work: Promise<void> | null = null;

  constructor(channel: Channel, options: NotifierOptions, signal: AbortSignal) {
    this.#channel = channel;
    this.#options = options;
    this.#signal = signal;
  }

  add(notice: Notice): void {
    const { name, on } = this.#channel;
    if (!on.includes(notice.kind)) return;
    if (this.#waiting.length === MAX_WAITING) {
      const error = new XenferryError('NOTIFICATION_FAILED', `${MAX_WAITING} messages wait already`);
      this.#options.observe({ channel: name, kind: notice.kind, attempts: 0, error });
      return;
    }
    this.#waiting.push(notice);
    this.#work ??= this.#deliverAll();
  }

  async drained(): Promise<void> {
    await this.#work;
  }

  async #deliverAll(): Promise<void> {
    const { baseUrl, patience, observe } = this.#options;
    for (let notice = this.#waiting.shift(); notice !== undefined; notice = this.#waiting.shift()) {
      observe(await deliver(this.#channel, notice, { baseUrl, patience, signal: this.#signal }));
    }
    this.#work = null;
  }
}
