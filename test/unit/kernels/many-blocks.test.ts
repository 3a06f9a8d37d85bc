import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Kernels } from '../../../src/kernels/index.js';

const GRAIN = 65_536;
const STREAMS = 400;
const WORDS = [
  'grain',
  'directory',
  'table',
  'marker',
  'footer',
  '0x',
  'sector',
  '\n',
  ' ',
  '=',
  'extent',
  '"',
];

/** Text and noise in runs of changing length, a little different for each `seed`. */
function mixture(seed: number): Buffer {
  const bytes = Buffer.alloc(GRAIN);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let at = 0; at < GRAIN; ) {
    if (next(3) === 0) for (let run = next(200); run > 0 && at < GRAIN; run--) bytes[at++] = next(256);
    else at += bytes.write(WORDS[next(WORDS.length)] ?? '', at, 'latin1') || 1;
  }
  return bytes;
}

describe('streams of many short blocks', () => {
  // A block's codes can end at any bit of the buffer; one of the ends once lost two bits, in one grain of thousands.
  it('inflate to what was deflated, wherever their blocks begin', () => {
    const kernels = Kernels.load({ bytes: 4 * GRAIN });
    const source = kernels.allocate(2 * GRAIN);
    const target = kernels.allocate(GRAIN);
    const wrong: number[] = [];
    for (let seed = 0; seed < STREAMS; seed++) {
      const content = mixture(seed);
      const stream = deflateSync(content, { level: 1 + (seed % 9), memLevel: 1 });
      stream.copy(source);
      const produced = kernels.inflate(source, 0, stream.length, target, 0, GRAIN);
      if (produced !== GRAIN || !target.equals(content)) wrong.push(seed);
    }
    expect(wrong).toEqual([]);
  });
});
