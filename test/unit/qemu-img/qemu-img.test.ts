import { execFileSync } from 'node:child_process';
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  qemuImgCompare,
  qemuImgDataRanges,
  qemuImgInfo,
  qemuImgToRaw,
  qemuImgVersion,
} from '../../../src/qemu-img/index.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder, put } = tempFiles();
const MIB = 1024 * 1024;

/** A colon would make QEMU look for a protocol, a leading dash for an option. */
const ODD_NAME = '-o nbd:odd name, with=all.raw';

describe('qemu-img', () => {
  it('tells format and size of an image, whatever its name', async () => {
    const path = join(folder, 'nbd:odd, name.qcow2');
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', `file:${path}`, '7M']);
    expect(await qemuImgInfo(path)).toEqual({ format: 'qcow2', virtualBytes: 7 * MIB, backingFile: null });
  });

  it('tells which image stands below another', async () => {
    const base = put('base.raw', Buffer.alloc(MIB)).path;
    const top = join(folder, 'top.qcow2');
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'raw', top]);
    expect((await qemuImgInfo(top)).backingFile).toBe(base);
  });

  it('tells where a sparse file holds data', async () => {
    const path = put('sparse.raw', '').path;
    truncateSync(path, 64 * MIB);
    const fd = openSync(path, 'r+');
    writeSync(fd, Buffer.alloc(MIB, 1), 0, MIB, 32 * MIB);
    closeSync(fd);
    const ranges = await qemuImgDataRanges(path);
    expect(ranges).toEqual([{ start: 32 * MIB, end: 33 * MIB }]);
  });

  it('tells equal images from different ones', async () => {
    const a = put(ODD_NAME, Buffer.alloc(MIB, 1)).path;
    const b = put('b.raw', Buffer.alloc(MIB, 2)).path;
    const copy = join(folder, 'copy.raw');
    await qemuImgToRaw(a, copy);
    expect(await qemuImgCompare(a, copy)).toBe(true);
    expect(await qemuImgCompare(a, b)).toBe(false);
  });

  it('that fails is quoted, in one line', async () => {
    await expect(qemuImgInfo(join(folder, 'gone.qcow2'))).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      message: expect.stringMatching(/^qemu-img info: .*No such file/),
    });
  });

  it('that is not installed is named with the command that installs it', async () => {
    const path = process.env.PATH;
    process.env.PATH = folder;
    try {
      expect(await qemuImgVersion()).toBeNull();
      await expect(qemuImgInfo('x')).rejects.toMatchObject({
        code: 'TOOL_MISSING',
        hint: expect.stringContaining('apt-get install'),
      });
    } finally {
      process.env.PATH = path;
    }
  });
});
