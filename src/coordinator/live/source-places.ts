import { setTimeout as delay } from 'node:timers/promises';
import type { JobLedger, PlaceBook } from '../../ledger/index.js';
import { XenferryError } from '../../model/errors.js';

/** In milliseconds; others are for tests. */
export interface PlacePatience {
  /** Between two looks whether it is one's turn. */
  readonly look: number;
  /** Between two signs that a place is still wanted. */
  readonly beat: number;
  /** Without such a sign having come through, who has a place gives it up after so long. */
  readonly doubt: number;
  /** And who waits takes it away after so long: only then is nothing read there any more. */
  readonly lease: number;
}

const PATIENCE: PlacePatience = { look: 500, beat: 5_000, doubt: 20_000, lease: 30_000 };

/** Where the queues are. */
type Queues = Pick<PlaceBook, 'queue' | 'upTo' | 'beat' | 'leave' | 'clear'>;

/** What there are only so many places of. */
export interface PlaceLimit {
  readonly name: string;
  readonly limit: number;
}

/** A job's places at what all that work with its ledger share. Who comes first is served first. */
export class SourcePlaces {
  readonly #book: Queues;
  readonly #job: Pick<JobLedger, 'jobId' | 'fence'>;
  readonly #patience: PlacePatience;
  readonly #lost = new AbortController();

  constructor(book: Queues, job: Pick<JobLedger, 'jobId' | 'fence'>, patience = PATIENCE) {
    this.#book = book;
    this.#job = job;
    this.#patience = patience;
  }

  /** Aborts when a place is lost, with LEDGER_UNREACHABLE as its reason: whatever is done there must end. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Does `action` with so many places; more than there are count as all. Rejects as `action` does, with the signal's reason
   * while it waits, with LEASE_LOST, LEDGER_*.
   */
  async hold<T>(
    { name, limit }: PlaceLimit,
    wanted: number,
    signal: AbortSignal,
    action: () => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const id = await this.#book.queue({ ...this.#job, name, places: Math.min(wanted, limit) });
    const beating = this.#beat(id);
    try {
      await this.#turn(name, id, limit, AbortSignal.any([signal, this.lost]));
      return await action();
    } finally {
      beating.abort();
      // Should the ledger not be there now, others find that nobody beats.
      await this.#book.leave(id).catch(() => {});
    }
  }

  async #turn(name: string, id: number, limit: number, signal: AbortSignal): Promise<void> {
    const seen = new Map<number, { readonly beats: number; readonly since: number }>();
    for (;;) {
      const queue = await this.#book.upTo(name, id);
      signal.throwIfAborted();
      const own = queue.find((place) => place.id === id);
      if (own === undefined) throw placeLost();
      if (own.isVoid) throw leaseLost(this.#job.jobId);
      const now = performance.now();
      let taken = 0;
      for (const place of queue) {
        const last = seen.get(place.id);
        if (last?.beats !== place.beats) seen.set(place.id, { beats: place.beats, since: now });
        else if (place.id !== id && now - last.since >= this.#patience.lease) await this.#book.clear(place);
        // One that beats at this very moment is not cleared: the next look tells.
        if (!place.isVoid) taken += place.places;
      }
      if (taken <= limit) return;
      await delay(this.#patience.look, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Until the controller that it returns aborts. */
  #beat(id: number): AbortController {
    const over = new AbortController();
    let heardAt = performance.now();
    const timer = setInterval(() => {
      const asked = performance.now();
      if (asked - heardAt >= this.#patience.doubt) return this.#lose(over.signal);
      // A ledger that cannot be asked is none that says no.
      void this.#book.beat(id).then(
        (isThere) => {
          if (isThere) heardAt = Math.max(heardAt, asked);
          else this.#lose(over.signal);
        },
        () => {},
      );
    }, this.#patience.beat);
    over.signal.addEventListener('abort', () => clearInterval(timer));
    return over;
  }

  #lose({ aborted }: AbortSignal): void {
    if (aborted) return;
    this.#lost.abort(placeLost());
  }
}

function placeLost(): XenferryError {
  return new XenferryError(
    'LEDGER_UNREACHABLE',
    'the ledger could not be told that a place at the source is still needed',
  );
}

function leaseLost(jobId: number): XenferryError {
  return new XenferryError('LEASE_LOST', `job ${jobId} has been given to another worker, or taken back`);
}
