import { Readable } from 'node:stream';
import type { LedgerEvent, ProgressRow } from '../ledger/index.js';
import type { EventDocument, ProgressEvent } from './api/jobs.js';
import type { FeedReader } from './event-feed.js';

/** Who is so far behind is cut off: it comes back and is told from where it was. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** Clients wait so long before they come back. */
const RETRY_MS = 2000;
const BEAT = Buffer.from(': beat\n\n');

/** What happens as server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class EventsStream extends Readable implements FeedReader {
  readonly batchId: number | null;
  #ended = false;
  #onDrained: (() => void) | null = null;

  constructor(batchId: number | null) {
    super({ highWaterMark: MAX_UNREAD_BYTES / 4 });
    this.batchId = batchId;
    this.push(`retry: ${RETRY_MS}\n\n`);
  }

  override _read(): void {
    this.#onDrained?.();
    this.#onDrained = null;
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this._read();
    done(error);
  }

  async drained(): Promise<void> {
    if (this.readableLength < MAX_UNREAD_BYTES / 4 || this.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#onDrained = resolve;
    });
  }

  event(event: LedgerEvent): void {
    this.#send(shared(event, eventText));
  }

  /** Left out for who has not read what came before: the next one says more. */
  progress(rows: readonly ProgressRow[]): void {
    if (this.readableLength > 0) return;
    this.#send(shared(rows, progressText));
  }

  /** Keeps what lies between from taking the connection for dead. */
  beat(): void {
    if (this.readableLength === 0) this.#send(BEAT);
  }

  /** Ends it after what is on its way. */
  finish(): void {
    this.#ended = true;
    this.push(null);
  }

  #send(bytes: Buffer): void {
    if (this.#ended || this.destroyed) return;
    this.push(bytes);
    if (this.readableLength > MAX_UNREAD_BYTES) this.destroy();
  }
}

const texts = new WeakMap<object, Buffer>();

/** Made once for all streams that are told of it. */
function shared<Told extends object>(told: Told, textOf: (told: Told) => string): Buffer {
  const known = texts.get(told);
  if (known !== undefined) return known;
  const bytes = Buffer.from(textOf(told));
  texts.set(told, bytes);
  return bytes;
}

function eventText(event: LedgerEvent): string {
  const { id, kind } = event;
  return `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(event satisfies EventDocument)}\n\n`;
}

function progressText(rows: readonly ProgressRow[]): string {
  const jobs = rows.map(({ jobId, step, movedBytes, bytesPerSecond }) => ({
    id: jobId,
    step,
    movedBytes,
    bytesPerSecond,
  }));
  return `event: progress\ndata: ${JSON.stringify({ jobs } satisfies ProgressEvent)}\n\n`;
}
