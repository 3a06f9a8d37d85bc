/** Appends numbers bit by bit, the lowest first (RFC 1951, section 3.1.1). */
export class BitWriter {
  readonly #bits: number[] = [];

  put(value: number, count: number): void {
    for (let bit = 0; bit < count; bit++) this.#bits.push((value >> bit) & 1);
  }

  /** The bits in bytes, zeros behind them. */
  bytes(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.#bits.length / 8) + 8);
    for (const [at, bit] of this.#bits.entries()) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (bit << (at & 7));
    return bytes;
  }
}

/** Order in which the lengths of the code length code stand (RFC 1951, section 3.2.7). */
const LENGTH_CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/** Codes of two bits for the lengths 0-3, first bit lowest. */
const LENGTH_CODES = [0, 2, 1, 3];

/**
 * A last block of dynamic codes (RFC 1951, section 3.2.7): `literalLengths` are the code lengths, 0-3 each, of
 * symbols 255, 256 and so on, `distances` those of the distance codes. Behind the codes stand zeros.
 */
export function dynamicBlock(literalLengths: readonly number[], distances: readonly number[]): Buffer {
  const writer = new BitWriter();
  writer.put(1, 1);
  writer.put(2, 2);
  writer.put(literalLengths.length + 255 - 257, 5);
  writer.put(distances.length - 1, 5);
  writer.put(LENGTH_CODE_ORDER.length - 4, 4);
  for (const symbol of LENGTH_CODE_ORDER) writer.put(symbol <= 3 ? 2 : 0, 3);
  const lengths = [...new Array<number>(255).fill(0), ...literalLengths, ...distances];
  for (const length of lengths) writer.put(LENGTH_CODES[length] ?? 0, 2);
  return writer.bytes();
}
