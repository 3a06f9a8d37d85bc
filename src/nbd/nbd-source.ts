import { type ByteSource, checkInside } from '../io/byte-source.js';
import { type ErrorCode, firstFailure, toXenferryError } from '../model/errors.js';
import { BLOCK_BYTES, GIB, KIB, roundUp } from '../model/units.js';
import { ByteStream, type Patience } from './byte-stream.js';
import { type Export, negotiate } from './handshake.js';
import { parseNbdUri } from './nbd-uri.js';
import { COMMAND } from './protocol.js';
import { ReadReply } from './read-reply.js';
import { StatusReply } from './status-reply.js';
import { Transmission } from './transmission.js';

const PATIENCE: Patience = { connect: 10_000, idle: 60_000 };
/** A multiple of every minimum block, and little enough for servers that count with a sign. */
const STATUS_BYTES = 2 * GIB - 64 * KIB;

interface NbdOptions {
  /** What a read past the end rejects with. */
  readonly truncatedCode: ErrorCode;
  readonly patience?: Patience | undefined;
}

/**
 * Opens an export of an NBD server for reading, over a connection of its own: a server that takes one connection only
 * (`qemu-nbd` without `--shared`) serves one source at a time. URIs as in `parseNbdUri`. Rejects with CONFIG_INVALID,
 * NBD_PROTOCOL, SOURCE_NOT_FOUND, SOURCE_UNAUTHORIZED, SOURCE_UNREADABLE.
 */
export async function openNbd(
  uri: string,
  { truncatedCode, patience = PATIENCE }: NbdOptions,
): Promise<NbdSource> {
  const target = parseNbdUri(uri);
  const stream = await ByteStream.connect(target, patience);
  try {
    return new NbdSource(stream, await negotiate(stream, target.exportName), truncatedCode);
  } catch (error) {
    stream.close(toXenferryError(error));
    throw error;
  }
}

/** A range of the disk in bytes. */
interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** An export opened for reading. */
export class NbdSource implements ByteSource {
  readonly path: string;
  readonly length: number;
  readonly #export: Export;
  readonly #transmission: Transmission;
  readonly #truncatedCode: ErrorCode;

  constructor(stream: ByteStream, agreed: Export, truncatedCode: ErrorCode) {
    this.path = stream.name;
    this.length = agreed.length;
    this.#export = agreed;
    this.#transmission = new Transmission(stream, agreed.structured);
    this.#truncatedCode = truncatedCode;
  }

  async read(target: Uint8Array, start: number, length: number, offset: number): Promise<void> {
    checkInside(this, length, offset, this.#truncatedCode);
    const { minimum } = this.#export.blocks;
    const from = offset - (offset % minimum);
    const to = Math.min(roundUp(offset + length, minimum), this.length);
    if (from === offset && to === offset + length) {
      await this.#readAligned(target, start, length, offset);
      return;
    }
    const around = Buffer.allocUnsafe(to - from);
    await this.#readAligned(around, 0, around.length, from);
    target.set(around.subarray(offset - from, offset - from + length), start);
  }

  /**
   * Where the export holds data, ascending, as base:allocation tells; all of it where the server does not tell.
   * Holes too short to leave out a block of a conversion count as data, so that the list stays small.
   */
  async dataRanges(): Promise<readonly ByteRange[]> {
    const { allocationContext } = this.#export;
    if (allocationContext === null) return [{ start: 0, end: this.length }];
    const ranges: Array<{ start: number; end: number }> = [];
    for (let offset = 0; offset < this.length; ) {
      const reply = new StatusReply(allocationContext);
      const wanted = Math.min(STATUS_BYTES, this.length - offset);
      await this.#transmission.request(COMMAND.BLOCK_STATUS, offset, wanted, reply);
      for (const { length, zeros } of reply.runs) {
        // The last run may go on behind what was asked for.
        const end = Math.min(offset + length, this.length);
        const last = ranges.at(-1);
        if (!zeros && last !== undefined && offset - last.end < BLOCK_BYTES) last.end = end;
        else if (!zeros) ranges.push({ start: offset, end });
        offset = end;
      }
    }
    return ranges;
  }

  close(): void {
    this.#transmission.close();
  }

  /** In requests of a size the server takes, all at once. Settles when nothing is written to `target` any more. */
  async #readAligned(target: Uint8Array, start: number, length: number, offset: number): Promise<void> {
    const { structured, blocks } = this.#export;
    const requests: Promise<void>[] = [];
    for (let done = 0; done < length; done += blocks.maximum) {
      const count = Math.min(blocks.maximum, length - done);
      const reply = new ReadReply(target, start + done, count, offset + done, structured);
      requests.push(this.#transmission.request(COMMAND.READ, offset + done, count, reply));
    }
    const failure = firstFailure(await Promise.allSettled(requests));
    if (failure !== undefined) throw failure;
  }
}
