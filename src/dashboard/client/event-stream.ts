/** One message of a stream of server-sent events. */
export interface StreamMessage {
  /** Of the last message that had one. */
  readonly lastEventId: string | null;
  readonly event: string;
  readonly data: string;
}

/** A message's lines may take so many characters together; beyond it the stream is not one of ours. */
const LONGEST_MESSAGE = 4_000_000;

/**
 * Puts the messages of a stream of server-sent events together (HTML standard, 9.2.6), however the text was cut.
 * Throws a RangeError for a message without an end.
 */
export class EventStreamParser {
  #rest = '';
  #data: string[] = [];
  #event = '';
  #lastEventId: string | null = null;
  #length = 0;

  /** The messages that `text` completes. */
  push(text: string): StreamMessage[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    const messages: StreamMessage[] = [];
    for (const line of lines) {
      const message = this.#take(line);
      if (message !== null) messages.push(message);
    }
    if (this.#rest.length + this.#length > LONGEST_MESSAGE) throw new RangeError('a message without an end');
    return messages;
  }

  #take(line: string): StreamMessage | null {
    if (line === '') return this.#finish();
    if (line.startsWith(':')) return null;
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    this.#length += value.length;
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#lastEventId = value;
    return null;
  }

  #finish(): StreamMessage | null {
    const data = this.#data;
    const event = this.#event === '' ? 'message' : this.#event;
    this.#data = [];
    this.#event = '';
    this.#length = 0;
    return data.length === 0 ? null : { lastEventId: this.#lastEventId, event, data: data.join('\n') };
  }
}
