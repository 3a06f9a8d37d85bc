import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manifestDigest, readManifest } from '../../../src/ovf-parser/index.js';
import { parseManifest } from '../../../src/ovf-parser/manifest.js';
import { codeAndLine, rejection } from './errors.js';

const SHA1 = 'da39a3ee5e6b4b0d3255bfef95601890afd80709';
const SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const SHA512 = 'ab'.repeat(64);

describe('a manifest', () => {
  test.each([
    [`SHA1(a.ovf)= ${SHA1}`, 'sha1', 'a.ovf', SHA1],
    [`SHA256 (a b.vmdk) = ${SHA256}`, 'sha256', 'a b.vmdk', SHA256],
    [`SHA-256(a.ovf)=${SHA256}`, 'sha256', 'a.ovf', SHA256],
    [`sha512(a.ovf)=  ${SHA512.toUpperCase()}`, 'sha512', 'a.ovf', SHA512],
    [`SHA1(web (old).vmdk)= ${SHA1}`, 'sha1', 'web (old).vmdk', SHA1],
    [`\ufeffSHA1(a.ovf)= ${SHA1}\r\n\r\n`, 'sha1', 'a.ovf', SHA1],
  ])('line %j is read', (line, algorithm, name, hex) => {
    expect(parseManifest(line, 'a.mf')).toEqual([{ algorithm, name, hex, line: 1 }]);
  });

  test.each([
    ['an algorithm nobody uses', `MD5(a.ovf)= ${SHA1}`],
    ['a digest that is too short', 'SHA256(a.ovf)= abcd'],
    ['a digest of another algorithm', `SHA256(a.ovf)= ${SHA1}`],
    ['no digest', 'SHA256(a.ovf)='],
    ['something else', 'hello'],
  ])('with %s is refused at its line', (_, line) => {
    const text = `SHA1(a.ovf)= ${SHA1}\r\n${line}\r\n`;
    expect(codeAndLine(() => parseManifest(text, 'a.mf'))).toEqual(['MANIFEST_MALFORMED', 2]);
  });

  test('gives the strongest digest of a file', () => {
    const entries = parseManifest(`SHA1(./d.vmdk)= ${SHA1}\nSHA256(d.vmdk)= ${SHA256}\n`, 'a.mf');
    expect(manifestDigest(entries, ['d.vmdk'])).toEqual({ algorithm: 'sha256', hex: SHA256 });
    expect(manifestDigest(entries, ['other.vmdk'])).toBeNull();
  });
});

describe('a manifest file', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'xenferry-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is read where it lies', async () => {
    const file = path.join(folder, 'container');
    const line = `SHA1(a.ovf)= ${SHA1}\n`;
    await writeFile(file, `before ${line}after`);
    const { entries } = await readManifest({ path: file, offset: 7, length: line.length });
    expect(entries).toMatchObject([{ name: 'a.ovf', hex: SHA1 }]);
  });

  test('of 2 MiB is refused', async () => {
    const file = path.join(folder, 'big.mf');
    await writeFile(file, '');
    await truncate(file, 2 ** 21);
    const error = await rejection(readManifest({ path: file, offset: 0, length: 2 ** 21 }));
    expect(error.code).toBe('MANIFEST_MALFORMED');
  });

  test('that became shorter is told apart from a broken one', async () => {
    const file = path.join(folder, 'short.mf');
    await writeFile(file, 'SHA1');
    const error = await rejection(readManifest({ path: file, offset: 0, length: 100 }));
    expect(error).toMatchObject({ code: 'SOURCE_CHANGED', place: { offset: 4 } });
  });
});
