import { XenferryError } from '../model/errors.js';

export const TAR_BLOCK_BYTES = 512;

/** The fields of a tar header an index needs. */
export interface TarHeader {
  /** ustar prefix and name joined. */
  readonly name: string;
  /** Bytes of data after the header, before padding. */
  readonly size: number;
  /** Type flag: `0` file, `5` folder, `L` GNU long name, `x` pax header, ... */
  readonly type: string;
}

export interface TarPlace {
  readonly file: string;
  /** Of the header, in bytes. */
  readonly offset: number;
}

const CHECKSUM_START = 148;
const CHECKSUM_END = 156;
const SPACE = 0x20;

export function isZeroBlock(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Parses one 512-byte header block: POSIX ustar, GNU and V7 variants, sizes in octal or GNU base-256
 * (POSIX.1-2001 pax "ustar Interchange Format"; GNU tar manual, "Basic Tar Format").
 * Throws OVA_MALFORMED when the checksum or a number is wrong.
 */
export function parseTarHeader(block: Buffer, place: TarPlace): TarHeader {
  verifyChecksum(block, place);
  const name = textField(block, 0, 100);
  // GNU's magic is `ustar` and two spaces, and its headers keep times where POSIX keeps the prefix.
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? textField(block, 345, 500) : '';
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: numberField(block, 124, 136, place),
    type: String.fromCharCode(block[156] ?? 0),
  };
}

function verifyChecksum(block: Buffer, place: TarPlace): void {
  const stored = numberField(block, CHECKSUM_START, CHECKSUM_END, place);
  let unsigned = 0;
  let signed = 0;
  for (const [index, value] of block.entries()) {
    const byte = index >= CHECKSUM_START && index < CHECKSUM_END ? SPACE : value;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  // Some old writers summed signed characters.
  if (stored === unsigned || stored === signed) return;
  throw new XenferryError('OVA_MALFORMED', 'a tar header has a wrong checksum', place);
}

function textField(block: Buffer, start: number, end: number): string {
  const field = block.subarray(start, end);
  const terminator = field.indexOf(0);
  return field.toString('utf8', 0, terminator === -1 ? field.length : terminator);
}

function numberField(block: Buffer, start: number, end: number, place: TarPlace): number {
  if (((block[start] ?? 0) & 0x80) !== 0) return base256(block.subarray(start, end), place);
  const text = textField(block, start, end).trim();
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text))
    throw new XenferryError('OVA_MALFORMED', 'a tar header has a bad number', place);
  return Number.parseInt(text, 8);
}

function base256(field: Buffer, place: TarPlace): number {
  let value = 0n;
  for (const [index, byte] of field.entries()) {
    value = (value << 8n) | BigInt(index === 0 ? byte & 0x7f : byte);
  }
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new XenferryError('OVA_MALFORMED', 'a tar header has a size of 2^53 bytes or more', place);
  }
  return Number(value);
}
