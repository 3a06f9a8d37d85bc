import { readFileSync } from 'node:fs';
import { constants, deflateRawSync, deflateSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dynamicBlock } from './dynamic-block.js';
import { inflate, kernels } from './kernel-memory.js';

const MAX_BYTES = 70_000;
const LEVELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const STRATEGIES = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FILTERED,
  constants.Z_FIXED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
];
const PROGRAM = readFileSync(process.execPath);
const TEXT = readFileSync('package-lock.json');

const options = fc.record({
  level: fc.constantFrom(...LEVELS),
  strategy: fc.constantFrom(...STRATEGIES),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
});

/** Runs of repeated pieces: matches of every distance and length, the overlapping ones too. */
const repetitive = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 300 })), {
    maxLength: 40,
  })
  .map((pieces) =>
    Buffer.concat(pieces.map(([piece, times]) => Buffer.alloc(piece.length * times, piece))).subarray(
      0,
      MAX_BYTES,
    ),
  );

/** Few different bytes of uneven frequency: short codes beside long ones. */
const skewed = fc
  .tuple(fc.integer({ min: 0, max: MAX_BYTES }), fc.integer({ min: 1, max: 30 }), fc.nat())
  .map(([length, steepness, seed]) => {
    const bytes = Buffer.alloc(length);
    let state = seed | 1;
    for (let at = 0; at < length; at++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      bytes[at] = 255 * (state / 0x8000_0000) ** steepness;
    }
    return bytes;
  });

const partOf = (file: Buffer) =>
  fc
    .tuple(fc.nat(file.length), fc.nat(MAX_BYTES))
    .map(([start, length]) => file.subarray(start, start + length));

const content = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
  repetitive,
  skewed,
  partOf(PROGRAM),
  partOf(TEXT),
);

/** What zlib returns when asked for `info`; Node's types do not tell. */
const WITH_INFO = z.object({ buffer: z.instanceof(Buffer), engine: z.object({ bytesWritten: z.number() }) });

/** zlib's judgement of the first deflate stream in `body`: what it holds and how long it is, or null. */
function zlibSays(body: Buffer): { bytes: Buffer; length: number } | null {
  try {
    const { buffer, engine } = WITH_INFO.parse(
      inflateRawSync(body, { info: true, maxOutputLength: MAX_BYTES }),
    );
    return { bytes: buffer, length: engine.bytesWritten };
  } catch {
    return null;
  }
}

/** A body that zlib takes is taken with the checksum of what zlib makes of it: only the body is judged. */
function expectSameOfBody(body: Buffer): boolean {
  const header = Buffer.from([0x78, 0x9c]);
  const theirs = zlibSays(body);
  if (theirs === null) {
    expect(inflate(Buffer.concat([header, body, Buffer.alloc(4)]), MAX_BYTES)).toBeNull();
    return false;
  }
  const checksum = deflateSync(theirs.bytes, { level: 0 }).subarray(-4);
  const ours = inflate(Buffer.concat([header, body.subarray(0, theirs.length), checksum]), MAX_BYTES);
  expect(ours?.equals(theirs.bytes)).toBe(true);
  return true;
}

describe('inflating with the kernels', () => {
  it('gives what was deflated, at every level and strategy', () => {
    fc.assert(
      fc.property(content, options, (bytes, how) => {
        expect(inflate(deflateSync(bytes, how), bytes.length)?.equals(bytes)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('gives every length from nothing to a few hundred bytes', () => {
    for (let length = 0; length <= 700; length++) {
      const bytes = PROGRAM.subarray(5000, 5000 + length);
      for (const level of [0, 1, 6]) {
        expect(inflate(deflateSync(bytes, { level }), length)?.equals(bytes)).toBe(true);
      }
    }
  });

  it('copies matches of every short distance and length', () => {
    for (let distance = 1; distance <= 40; distance++) {
      for (let length = 3; length <= 300; length += length < 40 ? 1 : 13) {
        const piece = Buffer.from(Array.from({ length: distance }, (_, at) => at * 7 + 1));
        const bytes = Buffer.concat([piece, Buffer.alloc(length, piece), PROGRAM.subarray(0, 400)]);
        expect(inflate(deflateSync(bytes), bytes.length)?.equals(bytes)).toBe(true);
      }
    }
  });

  it('judges damaged streams as zlib does', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    let accepted = 0;
    fc.assert(
      fc.property(content, options, damage, fc.boolean(), (bytes, how, changes, atStart) => {
        const body = deflateRawSync(bytes, how);
        const range = atStart ? Math.min(100, body.length) : body.length;
        for (const [at, value] of changes) body[at % range] = value;
        if (expectSameOfBody(body)) accepted++;
      }),
      { numRuns: 1500 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it('judges made-up streams as zlib does', () => {
    const made = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.constantFrom(1, 3, 5));
    fc.assert(
      fc.property(made, ([bytes, blockStart]) => {
        const body = Buffer.from(bytes);
        body[0] = ((body[0] ?? 0) & ~7) | blockStart;
        expectSameOfBody(body);
      }),
      { numRuns: 4000 },
    );
  });

  it('judges every small set of code lengths as zlib does', () => {
    let accepted = 0;
    for (let set = 0; set < 4 ** 6; set++) {
      const lengths = Array.from({ length: 6 }, (_, at) => (set >> (2 * at)) & 3);
      if (expectSameOfBody(dynamicBlock(lengths.slice(0, 3), lengths.slice(3)))) accepted++;
    }
    expect(accepted).toBeGreaterThan(10);
  });

  it('judges every header as zlib does', () => {
    const stream = deflateSync('header');
    for (let header = 0; header < 65_536; header++) {
      stream.writeUInt16BE(header);
      const accepted = inflate(stream, 6) !== null;
      const valid =
        header % 31 === 0 && (header & 0x0f00) === 0x0800 && header >> 12 <= 7 && (header & 32) === 0;
      expect(accepted).toBe(valid);
    }
  });

  it('refuses a stream cut off anywhere', () => {
    for (const how of [{ level: 0 }, { level: 6 }, { strategy: constants.Z_FIXED }]) {
      const bytes = TEXT.subarray(0, 3000);
      const stream = deflateSync(bytes, how);
      for (let length = 0; length < stream.length; length++) {
        expect(inflate(stream, bytes.length, length)).toBeNull();
      }
    }
  });

  it('refuses a stream that is longer than expected, and takes bytes behind one', () => {
    fc.assert(
      fc.property(content, options, fc.nat(400), (bytes, how, less) => {
        const stream = deflateSync(bytes, how);
        const short = Math.max(bytes.length - 1 - less, 0);
        if (bytes.length > 0) expect(inflate(stream, short)).toBeNull();
        const followed = Buffer.concat([stream, Buffer.from('anything')]);
        expect(inflate(followed, bytes.length)?.equals(bytes)).toBe(true);
      }),
    );
  });

  it('refuses a wrong checksum', () => {
    const stream = deflateSync(TEXT.subarray(0, 5000));
    for (let at = stream.length - 4; at < stream.length; at++) {
      const damaged = Buffer.from(stream);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(inflate(damaged, 5000)).toBeNull();
    }
  });

  it('verifies the checksum of bytes of 255', () => {
    const bytes = Buffer.alloc(MAX_BYTES, 0xff);
    expect(inflate(deflateSync(bytes), MAX_BYTES)?.equals(bytes)).toBe(true);
  });

  it('takes Buffers of its own memory only, and ranges inside them', () => {
    const own = kernels.allocate(16);
    expect(() => kernels.inflate(Buffer.alloc(16), 0, 16, own, 0, 16)).toThrow(TypeError);
    expect(() => kernels.inflate(own, 0, 16, Buffer.alloc(16), 0, 16)).toThrow(TypeError);
    expect(() => kernels.inflate(own, 1, 16, own, 0, 16)).toThrow(RangeError);
    expect(() => kernels.inflate(own, 0, 16, own, 1, 16)).toThrow(RangeError);
    expect(() => kernels.inflate(own, -1, 8, own, 0, 16)).toThrow(RangeError);
  });
});
