import { decodeCarefully } from './careful-loop';
import { readDynamicCodes, useFixedCodes } from './codes';
import { decodeFast } from './fast-loop';
import { BAD_BLOCK, DONE, NEAR_END, TOO_LONG, TRUNCATED } from './status';
import { alignToByte, giveBytesBack, stream, takeBits } from './stream';

/** Inflates blocks up to and with the last, and leaves the source behind it on a byte (RFC 1951, 3.2.3). */
export function inflateBlocks(): i32 {
  for (let last = 0; last == 0; ) {
    const header = takeBits(3);
    if (header < 0) return TRUNCATED;
    last = header & 1;
    const status = inflateBlock(header >> 1);
    if (status < 0) return status;
  }
  alignToByte();
  return DONE;
}

function inflateBlock(type: i32): i32 {
  if (type == 0) return copyStored();
  if (type == 3) return BAD_BLOCK;
  const status = type == 1 ? useFixedCodes() : readDynamicCodes();
  if (status < 0) return status;
  giveBytesBack();
  const decoded = decodeFast();
  return decoded == NEAR_END ? decodeCarefully() : decoded;
}

/** LEN, its complement NLEN and as many bytes, on a byte boundary (RFC 1951, section 3.2.4). */
function copyStored(): i32 {
  alignToByte();
  const from = stream.next + 4;
  if (from > stream.sourceEnd) return TRUNCATED;
  const length = usize(load<u16>(stream.next));
  if ((length ^ 0xffff) != load<u16>(stream.next, 2)) return BAD_BLOCK;
  if (length > stream.sourceEnd - from) return TRUNCATED;
  if (length > stream.outEnd - stream.out) return TOO_LONG;
  memory.copy(stream.out, from, length);
  stream.out += length;
  stream.next = from + length;
  return DONE;
}
