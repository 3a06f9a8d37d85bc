import type { EventRecord, ProgressEvent } from '../documents.js';
import type { Api } from './api.js';
import { EventStreamParser, type StreamMessage } from './event-stream.js';
import { Problem } from './problem.js';

/** `live`: told of every change; `asking`: the stream is closed and the page asks now and then; `lost`: no answer. */
export type Connection = 'connecting' | 'live' | 'asking' | 'lost';

export interface LiveEvents {
  /** Something happened, or may have while the page was cut off. */
  changed: CustomEvent<EventRecord | null>;
  progress: CustomEvent<ProgressEvent>;
  connection: CustomEvent<Connection>;
  /** The token is no longer taken. */
  unauthorized: Event;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** A stream that says nothing for so long, not even a comment, is taken for dead. */
const SILENCE_MS = 45_000;
/** How often the page asks where the stream does not come about. */
const ASKING_MS = 5000;

/** Keeps the stream of events open, for as long as the page is there, and tells what it says. */
export class Live extends EventTarget {
  readonly #api: Api;
  readonly #closing = new AbortController();
  #lastEventId: string | null = null;
  #connection: Connection = 'connecting';
  #heardAt = Date.now();
  #pauseMs = FIRST_PAUSE_MS;
  #retryAt: number | null = null;
  #wake: (() => void) | null = null;

  constructor(api: Api) {
    super();
    this.#api = api;
    void this.#run();
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** When the service last said anything, by this device's clock. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** When the stream is tried again; null while it is open. */
  get retryAt(): number | null {
    return this.#retryAt;
  }

  /** Tries at once what waits for its pause to end. */
  retryNow(): void {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#wake?.();
  }

  close(): void {
    this.#closing.abort();
    this.#wake?.();
  }

  on<K extends keyof LiveEvents>(kind: K, listener: (event: LiveEvents[K]) => void): () => void {
    const wrapped = (event: Event): void => listener(event as LiveEvents[K]);
    this.addEventListener(kind, wrapped);
    return () => this.removeEventListener(kind, wrapped);
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        await this.#listen();
      } catch (error) {
        if (error instanceof Problem && error.isUnauthorized) {
          this.dispatchEvent(new Event('unauthorized'));
          return;
        }
      }
      if (this.#closing.signal.aborted) return;
      await this.#rest();
    }
  }

  /** Until the stream ends, which is when the service wants it to, or breaks. */
  async #listen(): Promise<void> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const response = await this.#api.events(
        this.#lastEventId,
        AbortSignal.any([this.#closing.signal, silence.signal]),
      );
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      if (reader === undefined) return;
      this.#retryAt = null;
      this.#becomes('live');
      this.#tell('changed', null);
      const parser = new EventStreamParser();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        this.#heardAt = Date.now();
        this.#pauseMs = FIRST_PAUSE_MS;
        for (const message of parser.push(part.value)) this.#take(message);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #take({ lastEventId, event, data }: StreamMessage): void {
    const said: unknown = JSON.parse(data);
    if (event === 'progress' || kindOf(said) === 'progress') {
      const news = progressOf(said);
      if (news !== null) this.#tell('progress', news);
      return;
    }
    this.#lastEventId = lastEventId ?? this.#lastEventId;
    this.#tell('changed', said as EventRecord);
  }

  /** Before the stream is tried again; meanwhile the page asks. */
  async #rest(): Promise<void> {
    const until = Date.now() + this.#pauseMs;
    this.#retryAt = until;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    if (this.#connection === 'connecting') this.#becomes('asking');
    while (Date.now() < until && !this.#closing.signal.aborted) {
      this.#becomes((await this.#answers()) ? 'asking' : 'lost');
      const woken = await this.#sleep(Math.min(ASKING_MS, until - Date.now()));
      if (woken) return;
    }
  }

  /** Whether the service answers at all; then whatever is shown is asked for again. */
  async #answers(): Promise<boolean> {
    try {
      await this.#api.session();
    } catch (error) {
      if (error instanceof Problem && error.isUnauthorized) this.dispatchEvent(new Event('unauthorized'));
      return false;
    }
    this.#heardAt = Date.now();
    this.#tell('changed', null);
    return true;
  }

  /** Whether it was woken before its time. */
  #sleep(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), Math.max(0, milliseconds));
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  #becomes(connection: Connection): void {
    if (connection === 'live') this.#heardAt = Date.now();
    this.#connection = connection;
    this.#tell('connection', connection);
  }

  #tell(kind: keyof LiveEvents, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

function kindOf(said: unknown): unknown {
  return typeof said === 'object' && said !== null && 'kind' in said ? said.kind : null;
}

/** Progress comes bare or as an event's data; null when it is neither. */
function progressOf(said: unknown): ProgressEvent | null {
  if (typeof said !== 'object' || said === null) return null;
  if ('jobs' in said && Array.isArray(said.jobs)) return { jobs: said.jobs };
  return 'data' in said ? progressOf(said.data) : null;
}
