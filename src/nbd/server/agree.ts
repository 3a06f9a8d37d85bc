import { KIB, MIB } from '../../model/units.js';
import { counted, uint32 } from '../options.js';
import {
  ALLOCATION,
  FIXED_NEWSTYLE,
  GREETING,
  INFO,
  MAX_TEXT_BYTES,
  NO_ZEROES,
  OPTION,
  OPTION_MAGIC,
  OPTION_REPLY_MAGIC,
  REPLY,
  ZEROES_BYTES,
} from '../protocol.js';
import { type ClientStream, misbehaved } from './client-stream.js';
import type { ServedDisk } from './served-disk.js';

/** What was agreed on with a client. */
export interface Agreement {
  readonly disk: ServedDisk;
  readonly structured: boolean;
  /** Whether it may ask for base:allocation, which has the number CONTEXT. */
  readonly allocation: boolean;
}

/** The number of base:allocation. */
export const CONTEXT = 1;
/** The longest read that is answered. */
export const MAX_READ = 32 * MIB;

/** HAS_FLAGS, READ_ONLY, CAN_MULTI_CONN (doc/proto.md, Transmission flags). */
const EXPORT_FLAGS = 0x103;
/** The name of an export, and some words on it. */
const MAX_OPTION_BYTES = 2 * MAX_TEXT_BYTES;
/** Any request is taken; the middle one is what a client should prefer. */
const BLOCK_SIZES = [1, 64 * KIB, MAX_READ] as const;

/**
 * Agrees with a client on an export: the fixed newstyle handshake, without TLS. Null when the client wants none after
 * all. Rejects when it hangs up or breaks the protocol.
 */
export async function agree(
  stream: ClientStream,
  disks: ReadonlyMap<string, ServedDisk>,
): Promise<Agreement | null> {
  await stream.send(uint64(GREETING), uint64(OPTION_MAGIC), uint16(FIXED_NEWSTYLE | NO_ZEROES));
  const flags = (await stream.take(4)).readUInt32BE(0);
  if ((flags & ~(FIXED_NEWSTYLE | NO_ZEROES)) !== 0) throw misbehaved('unknown flags');
  const handshake = new Handshake(stream, disks, (flags & NO_ZEROES) === 0);
  for (;;) {
    const header = await stream.take(16);
    if (header.readBigUInt64BE(0) !== OPTION_MAGIC) throw misbehaved('no option');
    const option = header.readUInt32BE(8);
    const length = header.readUInt32BE(12);
    if (length > MAX_OPTION_BYTES) throw misbehaved(`an option of ${length} bytes`);
    const agreed = await handshake.answer(option, await stream.take(length));
    if (agreed !== 'more') return agreed;
  }
}

class Handshake {
  readonly #stream: ClientStream;
  readonly #disks: ReadonlyMap<string, ServedDisk>;
  readonly #zeroes: boolean;
  #structured = false;
  /** The export for which base:allocation was asked for. */
  #contextOf: string | null = null;

  constructor(stream: ClientStream, disks: ReadonlyMap<string, ServedDisk>, zeroes: boolean) {
    this.#stream = stream;
    this.#disks = disks;
    this.#zeroes = zeroes;
  }

  async answer(option: number, data: Buffer): Promise<Agreement | null | 'more'> {
    switch (option) {
      case OPTION.EXPORT_NAME:
        return await this.#enter(data.toString());
      case OPTION.ABORT:
        await this.#reply(option, REPLY.ACK);
        return null;
      case OPTION.LIST:
        for (const name of this.#disks.keys()) await this.#reply(option, REPLY.SERVER, counted(name));
        break;
      case OPTION.STRUCTURED_REPLY:
        this.#structured = true;
        break;
      case OPTION.INFO:
      case OPTION.GO:
        return await this.#tell(option, data);
      case OPTION.LIST_META_CONTEXT:
      case OPTION.SET_META_CONTEXT:
        return await this.#tellContexts(option, data);
      default:
        return await this.#refuse(option, REPLY.UNSUPPORTED);
    }
    await this.#reply(option, REPLY.ACK);
    return 'more';
  }

  /** The way of old clients, who cannot be told that there is no such export. */
  async #enter(name: string): Promise<Agreement> {
    const disk = this.#disks.get(name);
    if (disk === undefined) throw misbehaved('an export that there is not');
    const zeroes = Buffer.alloc(this.#zeroes ? ZEROES_BYTES : 0);
    await this.#stream.send(uint64(disk.byteLength), uint16(EXPORT_FLAGS), zeroes);
    return this.#agreed(name, disk);
  }

  async #tell(option: number, data: Buffer): Promise<Agreement | 'more'> {
    const asked = countedAt(data, 0);
    const count = asked !== null && data.length >= asked.end + 2 ? data.readUInt16BE(asked.end) : null;
    if (asked === null || count === null || data.length !== asked.end + 2 + 2 * count) {
      return await this.#refuse(option, REPLY.INVALID);
    }
    const disk = this.#disks.get(asked.text);
    if (disk === undefined) return await this.#refuse(option, REPLY.UNKNOWN_EXPORT);
    await this.#reply(option, REPLY.INFO, uint16(INFO.EXPORT), uint64(disk.byteLength), uint16(EXPORT_FLAGS));
    await this.#reply(option, REPLY.INFO, uint16(INFO.BLOCK_SIZE), ...BLOCK_SIZES.map(uint32));
    await this.#reply(option, REPLY.ACK);
    return option === OPTION.GO ? this.#agreed(asked.text, disk) : 'more';
  }

  async #tellContexts(option: number, data: Buffer): Promise<'more'> {
    const asked = countedAt(data, 0);
    const queries = asked === null ? null : queriesAt(data, asked.end);
    if (asked === null || queries === null) return await this.#refuse(option, REPLY.INVALID);
    const isSet = option === OPTION.SET_META_CONTEXT;
    if (isSet && !this.#structured) return await this.#refuse(option, REPLY.INVALID);
    if (!this.#disks.has(asked.text)) return await this.#refuse(option, REPLY.UNKNOWN_EXPORT);
    const listed = !isSet && (queries.length === 0 || queries.includes('base:'));
    const known = listed || queries.includes(ALLOCATION);
    if (isSet) this.#contextOf = known ? asked.text : null;
    if (known) {
      await this.#reply(option, REPLY.META_CONTEXT, uint32(isSet ? CONTEXT : 0), Buffer.from(ALLOCATION));
    }
    await this.#reply(option, REPLY.ACK);
    return 'more';
  }

  #agreed(name: string, disk: ServedDisk): Agreement {
    return { disk, structured: this.#structured, allocation: this.#structured && this.#contextOf === name };
  }

  async #refuse(option: number, reason: number): Promise<'more'> {
    await this.#reply(option, reason);
    return 'more';
  }

  async #reply(option: number, type: number, ...data: readonly Buffer[]): Promise<void> {
    const length = data.reduce((sum, part) => sum + part.length, 0);
    await this.#stream.send(
      uint64(OPTION_REPLY_MAGIC),
      uint32(option),
      uint32(type),
      uint32(length),
      ...data,
    );
  }
}

/** A text with its length before it, and where it ends; null where the data ends first. */
function countedAt(data: Buffer, at: number): { readonly text: string; readonly end: number } | null {
  if (data.length < at + 4) return null;
  const end = at + 4 + data.readUInt32BE(at);
  return end <= data.length ? { text: data.toString('utf8', at + 4, end), end } : null;
}

function queriesAt(data: Buffer, start: number): string[] | null {
  if (data.length < start + 4) return null;
  const count = data.readUInt32BE(start);
  const queries: string[] = [];
  let at = start + 4;
  while (queries.length < count) {
    const query = countedAt(data, at);
    if (query === null) return null;
    queries.push(query.text);
    at = query.end;
  }
  return at === data.length ? queries : null;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
