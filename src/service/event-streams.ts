import type { Authority } from './authority.js';
import type { EventFeed } from './event-feed.js';
import { EventsStream } from './events-stream.js';

const BEAT_MS = 15_000;
/** More dashboards than anybody has open; each costs a connection. */
export const MAX_STREAMS = 1000;

/** The streams that are open: kept alive, and ended when their tokens are. */
export class EventStreams {
  readonly #feed: EventFeed;
  readonly #authority: Authority;
  readonly #onError: (error: unknown) => void;
  /** Ids of their tokens. */
  readonly #open = new Map<EventsStream, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(feed: EventFeed, authority: Authority, onError: (error: unknown) => void) {
    this.#feed = feed;
    this.#authority = authority;
    this.#onError = onError;
  }

  get number(): number {
    return this.#open.size;
  }

  /** A stream of what happens, of one batch where it is given, after the event `after` (null: from now on). */
  async open(tokenId: number, batchId: number | null, after: number | null): Promise<EventsStream> {
    const from = after ?? (await this.#feed.last());
    const stream = new EventsStream(batchId);
    this.#open.set(stream, tokenId);
    this.#timer ??= setInterval(() => void this.#beat().catch(this.#onError), BEAT_MS);
    const following = this.#feed.follow(stream, from);
    stream.once('close', () => {
      this.#open.delete(stream);
      if (this.#open.size === 0) this.#rest();
      following.then((leave) => leave(), this.#onError);
    });
    following.catch(() => stream.destroy());
    return stream;
  }

  /** Ends them all, as the service does. */
  close(): void {
    for (const stream of this.#open.keys()) stream.finish();
    this.#rest();
  }

  #rest(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #beat(): Promise<void> {
    const good = await this.#authority.good();
    for (const [stream, tokenId] of this.#open) {
      if (good.has(tokenId)) stream.beat();
      else stream.finish();
    }
  }
}
