import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gathered } from '../../../src/xapi/gathered.js';

async function piecesOf(stream: Readable, bytes: number): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  for await (const piece of gathered(stream, bytes)) pieces.push(Buffer.from(piece));
  return pieces;
}

describe('gathered parts', () => {
  it('are the same bytes in pieces of one size, however they came', async () => {
    const part = fc.uint8Array({ minLength: 1, maxLength: 16 }).map((bytes) => Buffer.from(bytes));
    await fc.assert(
      fc.asyncProperty(fc.array(part), fc.integer({ min: 16, max: 40 }), async (parts, bytes) => {
        const pieces = await piecesOf(Readable.from(parts, { objectMode: false }), bytes);
        expect(Buffer.concat(pieces)).toEqual(Buffer.concat(parts));
        for (const piece of pieces.slice(0, -1)) expect(piece).toHaveLength(bytes);
      }),
    );
  });

  it('end with what the stream fails with', async () => {
    const stream = new PassThrough();
    const pieces = piecesOf(stream, 4);
    stream.write('abcde');
    setImmediate(() => stream.destroy(new Error('hung up')));
    await expect(pieces).rejects.toThrow('hung up');
  });

  it('hold the stream back while nobody takes them', async () => {
    const stream = new PassThrough({ highWaterMark: 8 });
    const pieces = gathered(stream, 4);
    const first = pieces.next();
    let written = 0;
    while (stream.write('abcd')) written += 4;
    expect((await first).value?.toString()).toBe('abcd');
    for (let turn = 0; turn < 20; turn++) {
      await new Promise(setImmediate);
      if (!stream.writableNeedDrain) written += stream.write('abcd') ? 4 : 0;
    }
    expect(written).toBeLessThan(100);
    await pieces.return(undefined);
    expect(stream.destroyed).toBe(true);
  });
});
