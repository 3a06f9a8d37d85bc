import type { Fault } from '../fault.js';
import type { SocketReader } from '../http/socket-reader.js';
import { SlowLink } from './slow-link.js';

/** The stream ended before what must come. */
export class EndOfStream extends Error {}

/** Something that happens when so many bytes have been read. */
export interface Trip {
  readonly afterBytes: number;
  readonly act: () => void;
}

/** The body of a transfer, read forward only; what goes wrong on demand goes wrong here. */
export class Body {
  private readonly reader: SocketReader;
  private readonly limit: number;
  private readonly trips: Trip[];
  private readonly link: SlowLink | undefined;
  private count = 0;

  constructor(reader: SocketReader, limit: number | undefined, trips: readonly Trip[], slow?: Fault) {
    this.reader = reader;
    this.limit = limit ?? Number.POSITIVE_INFINITY;
    this.trips = [...trips];
    const rate = slow?.kind === 'slow' ? slow.bytesPerSecond : undefined;
    this.link = rate === undefined ? undefined : new SlowLink(rate);
  }

  /** How many bytes were read so far. */
  get position(): number {
    return this.count;
  }

  /** At least one byte and at most so many; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    const wanted = this.untilTrip(most);
    const piece = wanted > 0 ? await this.reader.some(wanted) : undefined;
    this.count += piece?.length ?? 0;
    await this.link?.pass(piece?.length ?? 0);
    return piece;
  }

  /** Fills the buffer as far as the stream goes; how many bytes came. */
  async fill(buffer: Buffer): Promise<number> {
    let filled = 0;
    while (filled < buffer.length) {
      const wanted = this.untilTrip(buffer.length - filled);
      const came = await this.part(buffer.subarray(filled, filled + wanted));
      if (came === 0) {
        return filled;
      }
      filled += came;
    }
    return filled;
  }

  /** Fills some of the buffer; 0 at the end. */
  private async part(buffer: Buffer): Promise<number> {
    if (this.link !== undefined) {
      return (await this.some(buffer.length))?.copy(buffer) ?? 0;
    }
    const came = await this.reader.fill(buffer);
    this.count += came;
    return came;
  }

  /** How many bytes, at most so many, come before something happens; what is due happens. */
  private untilTrip(most: number): number {
    for (;;) {
      const [trip] = this.trips;
      if (trip === undefined || this.count < trip.afterBytes) {
        return Math.min(most, this.limit - this.count, (trip?.afterBytes ?? this.limit) - this.count);
      }
      this.trips.shift();
      trip.act();
    }
  }

  /** Throws EndOfStream. */
  async exactly(length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    if ((await this.fill(buffer)) < length) {
      throw new EndOfStream();
    }
    return buffer;
  }

  /** Goes forward to a position; throws if that lies behind or after the end. */
  async skipTo(position: number): Promise<void> {
    if (position < this.count) {
      throw new Error(`${position} lies behind ${this.count}`);
    }
    while (this.count < position) {
      if ((await this.some(Math.min(65_536, position - this.count))) === undefined) {
        throw new EndOfStream();
      }
    }
  }
}
