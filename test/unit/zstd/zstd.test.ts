import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { XenferryError } from '../../../src/model/errors.js';
import { MIB } from '../../../src/model/units.js';
import { isZstd, isZstdInstalled, zstdCompress, zstdDecompress } from '../../../src/zstd/index.js';
import { noise } from '../../support/disk-maker.js';
import { failureOf } from '../../support/failure.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder, put } = tempFiles();
const content = Buffer.concat([noise(1, 3 * MIB), Buffer.alloc(5 * MIB), noise(2, 100)]);

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  // The memory of a piece is used again for the next, as conversions do.
  const piece = Buffer.alloc(100_000);
  for (let at = 0; at < bytes.length; at += piece.length) {
    const length = bytes.copy(piece, 0, at, at + piece.length);
    yield piece.subarray(0, length);
  }
}

async function collect(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of pieces) parts.push(part);
  return Buffer.concat(parts);
}

describe('zstdCompress', () => {
  it('makes what zstd itself unpacks, and zstdDecompress', async () => {
    const packed = await collect(zstdCompress(inPieces(content), 2));
    expect(packed.length).toBeLessThan(4 * MIB);
    const { path } = put('content.zst', packed);
    const { stdout } = await execa('zstd', ['-dc', path], { encoding: 'buffer' });
    expect(content.equals(stdout)).toBe(true);
    expect(content.equals(await collect(zstdDecompress(path)))).toBe(true);
    expect(await isZstd(path)).toBe(true);
  });

  it('ends with the failure of what it is fed, and no whole frame', async () => {
    async function* broken() {
      yield content.subarray(0, MIB);
      throw new XenferryError('SOURCE_UNREADABLE', 'gone');
    }
    expect(await failureOf(collect(zstdCompress(broken(), 1)))).toMatchObject({ code: 'SOURCE_UNREADABLE' });
  });

  it('ends what it is fed with when the reader has enough', async () => {
    let ended = false;
    async function* endless() {
      try {
        for (;;) yield noise(3, MIB);
      } finally {
        ended = true;
      }
    }
    for await (const _ of zstdCompress(endless(), 1)) break;
    await delay(1);
    expect(ended).toBe(true);
  });
});

describe('zstdDecompress', () => {
  it('refuses a file that was cut off, and one with a bit that fell over', async () => {
    const packed = await collect(zstdCompress(inPieces(content), 1));
    const { path } = put('cut.zst', packed);
    truncateSync(path, packed.length - 10);
    expect(await failureOf(collect(zstdDecompress(path)))).toMatchObject({ code: 'TOOL_FAILED' });
    const flipped = Buffer.from(packed);
    flipped[MIB] = (flipped[MIB] ?? 0) ^ 1;
    writeFileSync(path, flipped);
    expect(await failureOf(collect(zstdDecompress(path)))).toMatchObject({ code: 'TOOL_FAILED' });
  });
});

describe('where zstd is not installed', () => {
  const { PATH } = process.env;
  afterEach(() => {
    process.env.PATH = PATH;
  });

  it('it is told as that', async () => {
    process.env.PATH = folder;
    expect(await isZstdInstalled()).toBe(false);
    expect(await failureOf(collect(zstdCompress(inPieces(content), 1)))).toMatchObject({
      code: 'TOOL_MISSING',
    });
    expect(await failureOf(collect(zstdDecompress(join(folder, 'x'))))).toMatchObject({
      code: 'TOOL_MISSING',
    });
  });
});

it('tells a compressed file from others', async () => {
  expect(await isZstd(put('text', 'text').path)).toBe(false);
  expect(await isZstd(put('empty', '').path)).toBe(false);
  expect(await isZstdInstalled()).toBe(true);
});
