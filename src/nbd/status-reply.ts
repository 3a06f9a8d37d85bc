import type { ByteStream } from './byte-stream.js';
import { CHUNK, STATE_ZERO } from './protocol.js';
import type { Reply } from './reply.js';
import { violation } from './violation.js';

/** Of the payload (doc/proto.md, Structured reply types). */
const CONTEXT_BYTES = 4;
const DESCRIPTOR_BYTES = 8;
/** The specification asks servers to stay below this. */
const MAX_DESCRIPTORS = 2 ** 20;

/** A run of the disk; `length` in bytes. */
export interface StatusRun {
  readonly length: number;
  readonly zeros: boolean;
}

/** What the server tells of the allocation of a range, from its start on; maybe not of all of it. */
export class StatusReply implements Reply {
  runs: readonly StatusRun[] = [];
  readonly #context: number;

  constructor(context: number) {
    this.#context = context;
  }

  get complete(): boolean {
    return this.runs.length > 0;
  }

  async simple(stream: ByteStream): Promise<void> {
    throw violation(stream.name, 'a simple reply to a block status request');
  }

  async chunk(type: number, length: number, stream: ByteStream): Promise<void> {
    const count = (length - CONTEXT_BYTES) / DESCRIPTOR_BYTES;
    const fits = Number.isInteger(count) && count > 0 && count <= MAX_DESCRIPTORS;
    if (type !== CHUNK.BLOCK_STATUS || !fits || this.complete) {
      throw violation(stream.name, `a chunk of type ${type} with ${length} bytes for a block status`);
    }
    const bytes = await stream.take(length);
    if (bytes.readUInt32BE(0) !== this.#context) throw violation(stream.name, 'an unknown metadata context');
    this.runs = Array.from({ length: count }, (_, index) => {
      const at = CONTEXT_BYTES + index * DESCRIPTOR_BYTES;
      return { length: bytes.readUInt32BE(at), zeros: (bytes.readUInt32BE(at + 4) & STATE_ZERO) !== 0 };
    });
    if (this.runs.some((run) => run.length === 0)) throw violation(stream.name, 'a run of no bytes');
  }
}
