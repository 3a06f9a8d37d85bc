import { adler32 } from './adler32';
import { inflateBlocks } from './blocks';
import { BAD_CHECKSUM, BAD_HEADER, TRUNCATED } from './status';
import { stream } from './stream';

/** CMF, FLG and the Adler-32 behind the data: RFC 1950, section 2.2. */
const HEADER_BYTES: i32 = 2;
const TRAILER_BYTES: usize = 4;

/**
 * Inflates the zlib stream at the start of `source` (RFC 1950) and verifies its checksum. Reads and writes
 * nothing outside the two ranges. Returns the number of bytes produced, or a negative status.
 */
export function inflateZlib(source: usize, sourceBytes: i32, target: usize, targetBytes: i32): i32 {
  if (sourceBytes < HEADER_BYTES) return TRUNCATED;
  if (!validHeader(load<u8>(source), load<u8>(source, 1))) return BAD_HEADER;
  stream.bits = 0;
  stream.bitCount = 0;
  stream.next = source + HEADER_BYTES;
  stream.sourceEnd = source + sourceBytes;
  stream.out = target;
  stream.outStart = target;
  stream.outEnd = target + targetBytes;
  const status = inflateBlocks();
  if (status < 0) return status;
  if (stream.next + TRAILER_BYTES > stream.sourceEnd) return TRUNCATED;
  const produced = i32(stream.out - target);
  return adler32(target, produced) == bswap(load<u32>(stream.next)) ? produced : BAD_CHECKSUM;
}

/** Deflate with a window of 32 KiB or less, no preset dictionary, check bits right (RFC 1950, section 2.2). */
function validHeader(cmf: u32, flg: u32): bool {
  const deflate = (cmf & 15) == 8 && cmf >> 4 <= 7;
  const presetDictionary = (flg & 32) != 0;
  return deflate && !presetDictionary && ((cmf << 8) | flg) % 31 == 0;
}
