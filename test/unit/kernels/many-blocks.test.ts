import { deflateSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Kernels } from '../../../src/kernels/index.js';
import { BitWriter } from './dynamic-block.js';

const CONTENT_BYTES = 600;
const ROOM = 4096;

/** A Huffman code, whose first bit stands highest (RFC 1951, section 3.1.1). */
function putCode(writer: BitWriter, code: number, bits: number): void {
  for (let bit = bits - 1; bit >= 0; bit--) writer.put((code >> bit) & 1, 1);
}

/** `blocks` blocks of fixed codes, one of nine bits in the first `odd` of them: they move what follows bit by bit. */
function putFixedBlocks(writer: BitWriter, blocks: number, odd: number): void {
  for (let block = 0; block < blocks; block++) {
    writer.put(0b010, 3);
    if (block < odd) putCode(writer, 0b110010000, 9);
    putCode(writer, 0, 7);
  }
}

/**
 * A last block of dynamic codes: literals 0-254 have eight bits, 255 and the end nine, the only distance one. Of the
 * code lengths the last but one, a run of zeros, takes ten bits and the last a single one; `repeats` of the others say
 * that the one before comes six times more, which moves the end.
 */
function putDynamicBlock(writer: BitWriter, repeats: number): void {
  writer.put(0b101, 3);
  writer.put(286 - 257, 5);
  writer.put(0, 5);
  writer.put(15, 4);
  // RFC 1951, section 3.2.7: the lengths' own codes come in this order.
  const lengthCodes = new Map([
    [1, 1],
    [8, 2],
    [18, 3],
    [9, 4],
    [16, 4],
  ]);
  for (const symbol of [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]) {
    writer.put(lengthCodes.get(symbol) ?? 0, 3);
  }
  for (let literal = 0; literal < 255 - 6 * repeats; literal++) putCode(writer, 0b10, 2);
  for (let repeat = 0; repeat < repeats; repeat++) {
    putCode(writer, 0b1111, 4);
    writer.put(3, 2);
  }
  for (const nine of [0b1110, 0b1110]) putCode(writer, nine, 4);
  putCode(writer, 0b110, 3);
  writer.put(286 - 257 - 11, 7);
  putCode(writer, 0, 1);
  for (let at = 0; at < CONTENT_BYTES; at++) putCode(writer, (at * 31) % 255, 8);
  putCode(writer, 511, 9);
}

describe('a block of dynamic codes', () => {
  // Its codes can end at any bit of the 64-bit buffer; one of these ends once lost two bits.
  it('is inflated wherever in the stream it begins', () => {
    const kernels = Kernels.load({ bytes: 4 * ROOM });
    const [source, target] = [kernels.allocate(ROOM), kernels.allocate(ROOM)];
    const wrong: string[] = [];
    for (let repeats = 0; repeats < 40; repeats++) {
      for (let blocks = 0; blocks < 8; blocks++) {
        const writer = new BitWriter();
        putFixedBlocks(writer, blocks, blocks % 2);
        putDynamicBlock(writer, repeats);
        const content = inflateRawSync(writer.bytes());
        const checksum = deflateSync(content).subarray(-4);
        const raw = writer.bytes();
        const stream = Buffer.concat([Buffer.from([0x78, 0x9c]), raw.subarray(0, raw.length - 8), checksum]);
        stream.copy(source);
        const produced = kernels.inflate(source, 0, stream.length, target, 0, ROOM);
        if (produced !== content.length || !target.subarray(0, produced).equals(content)) {
          wrong.push(`${repeats} repeats, ${blocks} blocks`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});
