import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PartialFile, partialLength, partialPath } from '../../../src/io/partial-file.js';
import { PositionalWriter } from '../../../src/io/positional-writer.js';
import { SourceFile } from '../../../src/io/source-file.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder, put } = tempFiles();

/** A folder in memory: its file system treats direct I/O differently from a disk's. */
const IN_MEMORY = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/xenferry-unit-') : folder;

describe('a positional writer', () => {
  it.each([
    ['on disk', folder],
    ['in memory', IN_MEMORY],
  ])('writes what direct I/O would refuse %s, from many places at once', async (_, where) => {
    const path = join(where, 'odd.bin');
    put('odd.bin', '');
    await (await PartialFile.open(path, false)).publish();
    const writer = PositionalWriter.open(path);
    const lines = Array.from({ length: 40 }, (_line, index) => Buffer.alloc(777, 65 + (index % 26)));
    await Promise.all(
      lines.map((line, index) => writer.write([line.subarray(0, 100), line.subarray(100)], index * 777)),
    );
    const oddMemory = Buffer.alloc(4097, 'z').subarray(1);
    await writer.write([oddMemory], 65_536);
    writer.close();
    const written = readFileSync(path);
    expect(written.subarray(0, 40 * 777).equals(Buffer.concat(lines))).toBe(true);
    expect(written.subarray(65_536).equals(oddMemory)).toBe(true);
    if (where !== folder) rmSync(where, { recursive: true });
  });

  it('says which file cannot be written', () => {
    expect(() => PositionalWriter.open(join(folder, 'gone', 'x'))).toThrow(
      expect.objectContaining({
        code: 'TARGET_UNWRITABLE',
        place: expect.objectContaining({ file: join(folder, 'gone', 'x') }),
      }),
    );
  });
});

describe('a partial file', () => {
  it('has its final name only once it is published', async () => {
    const path = join(folder, 'final.bin');
    const partial = await PartialFile.open(path, false);
    await partial.write(Buffer.from('whole'), 0);
    expect(existsSync(path)).toBe(false);
    await partial.publish();
    expect(readFileSync(path, 'utf8')).toBe('whole');
    expect(existsSync(partialPath(path))).toBe(false);
  });

  it('is there for the next run when it is kept, and gone when it is discarded', async () => {
    const path = join(folder, 'kept.bin');
    const first = await PartialFile.open(path, false);
    await first.write(Buffer.from('half'), 0);
    await first.keep();
    expect(await partialLength(path)).toBe(4);
    const second = await PartialFile.open(path, true);
    await second.write(Buffer.from(' more'), 4);
    await second.discard();
    expect(await partialLength(path)).toBeNull();
    expect(existsSync(path)).toBe(false);
  });
});

describe('a source file', () => {
  it('that is a window on another ends where the window ends', async () => {
    const { path } = put('outer.bin', 'aaaaBBBBcccc');
    const file = SourceFile.open({ path, offset: 4, length: 4 }, 'VMDK_TRUNCATED');
    const target = Buffer.alloc(4);
    await file.read(target, 0, 4, 0);
    expect(target.toString()).toBe('BBBB');
    await expect(file.read(target, 0, 4, 1)).rejects.toMatchObject({
      code: 'VMDK_TRUNCATED',
      place: { file: path },
    });
    file.close();
    file.close();
  });

  it('that is a named pipe is refused, not waited for', () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(() => SourceFile.openWhole(pipe, 'VMDK_TRUNCATED')).toThrow(
      expect.objectContaining({ code: 'SOURCE_UNREADABLE' }),
    );
  });

  it.each([
    ['/dev/zero', 'SOURCE_UNREADABLE'],
    [folder, 'SOURCE_UNREADABLE'],
    [join(folder, 'gone'), 'SOURCE_NOT_FOUND'],
  ])('%s is refused as %s', (path, code) => {
    expect(() => SourceFile.openWhole(path, 'VMDK_TRUNCATED')).toThrow(expect.objectContaining({ code }));
  });
});
