import {
  CHUNK,
  CHUNK_DONE,
  COMMAND,
  ERRNO,
  REQUEST_BYTES,
  REQUEST_MAGIC,
  SIMPLE_MAGIC,
  STATE_HOLE,
  STATE_ZERO,
  STRUCTURED_MAGIC,
} from '../protocol.js';
import { type Agreement, CONTEXT, MAX_READ } from './agree.js';
import { type ClientStream, misbehaved } from './client-stream.js';

interface Request {
  readonly command: number;
  readonly flags: number;
  /** Comes back with the reply. */
  readonly cookie: Buffer;
  readonly offset: number;
  readonly length: number;
}

/** Requests of one client that are answered at once; it waits with more. QEMU has as many in flight. */
const MAX_IN_FLIGHT = 16;
/** The client takes one run only. */
const REQ_ONE = 1 << 3;

/** Answers what a client asks until it disconnects. Rejects when it hangs up or breaks the protocol. */
export async function answerRequests(stream: ClientStream, agreed: Agreement): Promise<void> {
  const answers = new Answers(stream, agreed);
  // Pieces of simple replies cannot be told apart.
  const limit = agreed.structured ? MAX_IN_FLIGHT : 1;
  const underWay = new Set<Promise<void>>();
  try {
    for (;;) {
      const request = decodeRequest(await stream.take(REQUEST_BYTES));
      if (request.command === COMMAND.DISCONNECT) return;
      if (request.command === COMMAND.WRITE) await skipPayload(stream, request);
      const answer = answers
        .give(request)
        // The client has gone, or must not take half an answer for a whole one.
        .catch(() => stream.destroy())
        .finally(() => underWay.delete(answer));
      underWay.add(answer);
      if (underWay.size >= limit) await Promise.race(underWay);
    }
  } finally {
    await Promise.all(underWay);
  }
}

function decodeRequest(bytes: Buffer): Request {
  if (bytes.readUInt32BE(0) !== REQUEST_MAGIC) throw misbehaved('no request');
  return {
    flags: bytes.readUInt16BE(4),
    command: bytes.readUInt16BE(6),
    cookie: Buffer.from(bytes.subarray(8, 16)),
    offset: Number(bytes.readBigUInt64BE(16)),
    length: bytes.readUInt32BE(24),
  };
}

async function skipPayload(stream: ClientStream, { length }: Request): Promise<void> {
  if (length > MAX_READ) throw misbehaved(`${length} bytes to write`);
  await stream.skip(length);
}

class Answers {
  readonly #stream: ClientStream;
  readonly #agreed: Agreement;

  constructor(stream: ClientStream, agreed: Agreement) {
    this.#stream = stream;
    this.#agreed = agreed;
  }

  /** Rejects when the connection is gone, or an answer was begun that cannot be ended. */
  async give(request: Request): Promise<void> {
    switch (request.command) {
      case COMMAND.READ:
        if (!this.#isInside(request) || request.flags !== 0 || request.length > MAX_READ) break;
        return this.#agreed.structured ? await this.#read(request) : await this.#readSimply(request);
      case COMMAND.BLOCK_STATUS:
        if (!this.#isInside(request) || (request.flags & ~REQ_ONE) !== 0 || !this.#agreed.allocation) break;
        return await this.#tellRuns(request);
      case COMMAND.WRITE:
      case COMMAND.WRITE_ZEROES:
      case COMMAND.TRIM:
        return await this.#fail(request, ERRNO.EPERM);
    }
    await this.#fail(request, ERRNO.EINVAL);
  }

  #isInside({ offset, length }: Request): boolean {
    return length > 0 && offset + length <= this.#agreed.disk.byteLength;
  }

  async #read(request: Request): Promise<void> {
    try {
      await this.#agreed.disk.read(request.offset, request.length, async (bytes, at, left) => {
        const place = Buffer.alloc(8);
        place.writeBigUInt64BE(BigInt(at));
        await this.#chunk(request, left === 0, CHUNK.OFFSET_DATA, place, bytes);
      });
    } catch {
      // Where it is the connection that failed, so does this.
      await this.#fail(request, ERRNO.EIO);
    }
  }

  async #readSimply(request: Request): Promise<void> {
    let begun = false;
    try {
      await this.#agreed.disk.read(request.offset, request.length, async (bytes) => {
        await this.#stream.send(...(begun ? [] : [simpleHeader(request, 0)]), bytes);
        begun = true;
      });
    } catch (error) {
      if (begun) throw error;
      await this.#fail(request, ERRNO.EIO);
    }
  }

  async #tellRuns(request: Request): Promise<void> {
    const { offset, length, flags } = request;
    const runs = await this.#agreed.disk.runs(offset, length).catch(() => null);
    if (runs === null) return await this.#fail(request, ERRNO.EIO);
    const told = (flags & REQ_ONE) === 0 ? runs : runs.slice(0, 1);
    const payload = Buffer.alloc(4 + 8 * told.length);
    payload.writeUInt32BE(CONTEXT);
    for (const [index, run] of told.entries()) {
      payload.writeUInt32BE(run.length, 4 + 8 * index);
      payload.writeUInt32BE(run.zeros ? STATE_HOLE | STATE_ZERO : 0, 8 + 8 * index);
    }
    await this.#chunk(request, true, CHUNK.BLOCK_STATUS, payload);
  }

  async #fail(request: Request, error: number): Promise<void> {
    if (!this.#agreed.structured) return await this.#stream.send(simpleHeader(request, error));
    // The error, and a text of no bytes.
    const payload = Buffer.alloc(6);
    payload.writeUInt32BE(error);
    await this.#chunk(request, true, CHUNK.ERROR, payload);
  }

  async #chunk(
    { cookie }: Request,
    isLast: boolean,
    type: number,
    ...payload: readonly Buffer[]
  ): Promise<void> {
    const header = Buffer.alloc(20);
    header.writeUInt32BE(STRUCTURED_MAGIC, 0);
    header.writeUInt16BE(isLast ? CHUNK_DONE : 0, 4);
    header.writeUInt16BE(type, 6);
    cookie.copy(header, 8);
    header.writeUInt32BE(
      payload.reduce((sum, part) => sum + part.length, 0),
      16,
    );
    await this.#stream.send(header, ...payload);
  }
}

function simpleHeader({ cookie }: Request, error: number): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32BE(SIMPLE_MAGIC, 0);
  header.writeUInt32BE(error, 4);
  cookie.copy(header, 8);
  return header;
}
