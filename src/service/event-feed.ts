import type { Ledger, LedgerEvent, ProgressRow } from '../ledger/index.js';
import { groupBy } from '../model/group-by.js';

const PAGE = 500;
const MAX_PROGRESS = 2000;
const EVENTS_MS = 500;
const PROGRESS_MS = 1000;
/** Longer than it takes from an event's number to its being written. */
const LATE_MS = 2000;

/** Who is told what happens. */
export interface FeedReader {
  /** Null: of all. */
  readonly batchId: number | null;
  event(event: LedgerEvent): void;
  /** Readers of the same are told the same array. */
  progress(rows: readonly ProgressRow[]): void;
  /** Resolves when it has taken most of what it was told. */
  drained(): Promise<void>;
}

/** Reads the ledger once for all who follow what happens, and not at all while nobody does. */
export class EventFeed {
  readonly #ledger: Pick<Ledger, 'events' | 'nights'>;
  readonly #onError: (error: unknown) => void;
  readonly #live = new Set<FeedReader>();
  #position: number | null = null;
  #progressAt = 0;
  #followers = 0;
  #timers: NodeJS.Timeout[] = [];
  #reading: Promise<void> = Promise.resolve();

  constructor(ledger: Pick<Ledger, 'events' | 'nights'>, onError: (error: unknown) => void) {
    this.#ledger = ledger;
    this.#onError = onError;
  }

  /** Number of the last event so far. */
  async last(): Promise<number> {
    return this.#followers > 0 && this.#position !== null ? this.#position : await this.#ledger.events.last();
  }

  /**
   * Has `reader` told what happened after the event `after`, then what happens, each once and in order, until the
   * function that is returned is called.
   */
  async follow(reader: FeedReader, after: number): Promise<() => void> {
    this.#followers += 1;
    if (this.#followers === 1) this.#start();
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      this.#live.delete(reader);
      this.#followers -= 1;
      if (this.#followers === 0) this.#stop();
    };
    try {
      if (this.#position === null) await this.#read();
      await this.#catchUp(reader, after, () => left);
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #catchUp(reader: FeedReader, after: number, hasLeft: () => boolean): Promise<void> {
    // A number from the future is from another ledger, or made up.
    let told = Math.min(after, this.#now());
    while (told < this.#now() && !hasLeft()) {
      const upTo = this.#now();
      const rows = await this.#ledger.events.read({
        after: told,
        upTo,
        batchId: reader.batchId ?? undefined,
        limit: PAGE,
      });
      for (const row of rows) reader.event(row);
      await reader.drained();
      told = rows.length < PAGE ? upTo : (rows.at(-1)?.id ?? upTo);
    }
    // At once: whatever is read from here on goes to the reader as well.
    if (!hasLeft()) this.#live.add(reader);
  }

  #now(): number {
    return this.#position ?? 0;
  }

  #start(): void {
    this.#position = null;
    this.#progressAt = Date.now();
    this.#timers = [
      setInterval(() => void this.#read().catch(this.#onError), EVENTS_MS),
      setInterval(() => void this.#readProgress().catch(this.#onError), PROGRESS_MS),
    ];
  }

  #stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** One after the other, so that nobody is told twice. */
  #read(): Promise<void> {
    const reading = this.#reading.then(() => this.#readEvents());
    this.#reading = reading.catch(() => {});
    return reading;
  }

  async #readEvents(): Promise<void> {
    if (this.#position === null) {
      this.#position = await this.#ledger.events.last();
      return;
    }
    let more = true;
    while (more) {
      const rows = await this.#ledger.events.read({ after: this.#position, limit: PAGE });
      const told = settled(rows, this.#position);
      for (const row of told) {
        this.#position = row.id;
        for (const reader of this.#live) {
          if (reader.batchId === null || reader.batchId === row.batchId) reader.event(row);
        }
      }
      more = told.length === PAGE;
    }
  }

  async #readProgress(): Promise<void> {
    const rows = await this.#ledger.nights.progressSince(this.#progressAt, MAX_PROGRESS);
    this.#progressAt = rows.at(-1)?.at ?? this.#progressAt;
    if (rows.length === 0) return;
    const byBatch = groupBy(rows, ({ batchId }) => String(batchId));
    for (const reader of this.#live) {
      const own = reader.batchId === null ? rows : byBatch.get(String(reader.batchId));
      if (own !== undefined) reader.progress(own);
    }
  }
}

/** Events up to a gap that somebody may still fill: where several write, a number can come before a lower one. */
function settled(rows: readonly LedgerEvent[], position: number): readonly LedgerEvent[] {
  const late = Date.now() - LATE_MS;
  let expected = position + 1;
  for (const [index, { id, at }] of rows.entries()) {
    if (id !== expected && at > late) return rows.slice(0, index);
    expected = id + 1;
  }
  return rows;
}
