import { XenferryError } from '../model/errors.js';
import { GIB, KIB, MIB } from '../model/units.js';
import type { ByteStream } from './byte-stream.js';
import { askOption, counted, type OptionAnswer, sendOption, uint32 } from './options.js';
import {
  ALLOCATION,
  FIXED_NEWSTYLE,
  GREETING,
  INFO,
  NO_ZEROES,
  OPTION,
  OPTION_MAGIC,
  REPLY,
  ZEROES_BYTES,
} from './protocol.js';
import { violation } from './violation.js';

/** What was agreed on with the server. */
export interface Export {
  /** Bytes. */
  readonly length: number;
  readonly blocks: BlockSizes;
  readonly structured: boolean;
  /** Number the server gave to base:allocation, or null when it does not tell it. */
  readonly allocationContext: number | null;
}

/** Requests are multiples of `minimum`, `maximum` at most; in bytes. */
interface BlockSizes {
  readonly minimum: number;
  readonly maximum: number;
}

const OLDSTYLE_MAGIC = 0x0000_4202_8186_1253n;
/** For servers that do not tell (doc/proto.md, Block size constraints). */
const USUAL_BLOCKS: BlockSizes = { minimum: 512, maximum: 32 * MIB };
const MAX_MINIMUM = 64 * KIB;
/** vSphere's largest disk is 62 TiB. */
const MAX_EXPORT_BYTES = 64n * 1024n * BigInt(GIB);

/**
 * Agrees with the server on an export: the fixed newstyle handshake of the NBD project's doc/proto.md.
 * Rejects with NBD_PROTOCOL, SOURCE_NOT_FOUND, SOURCE_UNAUTHORIZED, SOURCE_UNREADABLE.
 */
export async function negotiate(stream: ByteStream, exportName: string): Promise<Export> {
  const offered = await readGreeting(stream);
  const noZeroes = (offered & NO_ZEROES) !== 0;
  stream.send(uint32(offered & (FIXED_NEWSTYLE | NO_ZEROES)));
  if ((offered & FIXED_NEWSTYLE) === 0) {
    const length = await enterByName(stream, exportName, noZeroes);
    return { length, blocks: USUAL_BLOCKS, structured: false, allocationContext: null };
  }
  const structured = (await askOption(stream, OPTION.STRUCTURED_REPLY, Buffer.alloc(0))).end === REPLY.ACK;
  const allocationContext = structured ? await askAllocation(stream, exportName) : null;
  const answer = await askOption(
    stream,
    OPTION.GO,
    Buffer.concat([counted(exportName), Buffer.from([0, 1, 0, INFO.BLOCK_SIZE])]),
  );
  if (answer.end === REPLY.UNSUPPORTED) {
    const length = await enterByName(stream, exportName, noZeroes);
    return { length, blocks: USUAL_BLOCKS, structured, allocationContext };
  }
  if (answer.end !== REPLY.ACK) throw refusal(stream.name, exportName, answer);
  return { ...readInfos(stream.name, answer), structured, allocationContext };
}

/** The handshake flags. */
async function readGreeting(stream: ByteStream): Promise<number> {
  const greeting = await stream.take(16);
  if (greeting.readBigUInt64BE(0) !== GREETING) throw violation(stream.name, 'no NBD server answers');
  const style = greeting.readBigUInt64BE(8);
  if (style === OLDSTYLE_MAGIC) throw violation(stream.name, 'only the oldstyle handshake is offered');
  if (style !== OPTION_MAGIC) throw violation(stream.name, 'an unknown handshake');
  return (await stream.take(2)).readUInt16BE(0);
}

async function askAllocation(stream: ByteStream, exportName: string): Promise<number | null> {
  const query = Buffer.concat([counted(exportName), uint32(1), counted(ALLOCATION)]);
  const { end, replies } = await askOption(stream, OPTION.SET_META_CONTEXT, query);
  if (end !== REPLY.ACK) return null;
  const reply = replies.find(
    ({ type, data }) => type === REPLY.META_CONTEXT && data.toString('latin1', 4) === ALLOCATION,
  );
  return reply === undefined ? null : reply.data.readUInt32BE(0);
}

/** The way of servers without GO. They refuse by closing the connection. */
async function enterByName(stream: ByteStream, exportName: string, noZeroes: boolean): Promise<number> {
  sendOption(stream, OPTION.EXPORT_NAME, Buffer.from(exportName));
  const answer = await stream.take(10 + (noZeroes ? 0 : ZEROES_BYTES));
  return checkedLength(stream.name, answer.readBigUInt64BE(0));
}

function readInfos(name: string, { replies }: OptionAnswer): Pick<Export, 'length' | 'blocks'> {
  let length: number | null = null;
  let blocks = USUAL_BLOCKS;
  for (const { type, data } of replies) {
    if (type !== REPLY.INFO || data.length < 2) throw violation(name, `a reply of type ${type} to GO`);
    const info = data.readUInt16BE(0);
    if (info === INFO.EXPORT && data.length === 12) length = checkedLength(name, data.readBigUInt64BE(2));
    if (info === INFO.BLOCK_SIZE && data.length === 14) blocks = readBlockSizes(name, data);
  }
  if (length === null) throw violation(name, 'it does not tell the size of the export');
  return { length, blocks };
}

function readBlockSizes(name: string, info: Buffer): BlockSizes {
  const minimum = info.readUInt32BE(2);
  const maximum = Math.min(info.readUInt32BE(10), USUAL_BLOCKS.maximum);
  if (minimum > MAX_MINIMUM || !Number.isInteger(Math.log2(minimum)) || maximum < minimum) {
    throw violation(name, `block sizes from ${minimum} to ${maximum} bytes`);
  }
  return { minimum, maximum: maximum - (maximum % minimum) };
}

function checkedLength(name: string, length: bigint): number {
  if (length <= MAX_EXPORT_BYTES) return Number(length);
  throw violation(name, `an export of ${length} bytes is no disk`);
}

function refusal(file: string, exportName: string, { end, message }: OptionAnswer): XenferryError {
  const words = message === '' ? '' : `: ${message}`;
  switch (end) {
    case REPLY.TLS_REQUIRED:
      return new XenferryError(
        'SOURCE_UNREADABLE',
        'the server demands TLS, which is not supported for NBD',
        {
          file,
          hint: 'Serve the export without TLS on a local socket, and reach that through an SSH tunnel.',
        },
      );
    case REPLY.UNKNOWN_EXPORT:
      return new XenferryError('SOURCE_NOT_FOUND', `the server has no export "${exportName}"${words}`, {
        file,
      });
    case REPLY.POLICY:
      return new XenferryError('SOURCE_UNAUTHORIZED', `the server refuses the export${words}`, { file });
    default:
      return new XenferryError('SOURCE_UNREADABLE', `the server refuses the export (${end})${words}`, {
        file,
      });
  }
}
