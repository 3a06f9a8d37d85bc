import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hrefCandidates } from '../../../src/ovf-parser/index.js';
import { codeAndLine } from './errors.js';

const PLACE = { file: 'web01.ovf', line: 7 };

describe('a file reference', () => {
  test.each([
    ['disk1.vmdk', ['disk1.vmdk']],
    ['./disk1.vmdk', ['disk1.vmdk']],
    ['disks/disk1.vmdk', ['disks/disk1.vmdk']],
    ['web%2001.vmdk', ['web%2001.vmdk', 'web 01.vmdk']],
    ['100% full.vmdk', ['100% full.vmdk']],
    ['a..b.vmdk', ['a..b.vmdk']],
    ['Zürich-東京.vmdk', ['Zürich-東京.vmdk']],
  ])('%s may mean %j', (href, expected) => {
    expect(hrefCandidates(href, PLACE)).toEqual(expected);
  });

  test.each([
    '../disk.vmdk',
    'a/../../disk.vmdk',
    'a/..',
    '%2e%2e/disk.vmdk',
    '..%2fdisk.vmdk',
    '%2e%2e%2fdisk.vmdk',
    '/etc/passwd',
    '%2fetc%2fpasswd',
    '//server/share/disk.vmdk',
    'C:/disk.vmdk',
    'c:disk.vmdk',
    'file:///etc/passwd',
    'file:disk.vmdk',
    'FILE:///etc/passwd',
    'http://example.com/disk.vmdk',
    'https://example.com/disk.vmdk',
    '..\\disk.vmdk',
    'a%5c..%5cdisk.vmdk',
    'disk.vmdk\0.txt',
    'disk%00.vmdk',
    '',
    '.',
    './',
    './C:/disk.vmdk',
    './file:disk.vmdk',
  ])('%j is refused with its line', (href) => {
    expect(codeAndLine(() => hrefCandidates(href, PLACE))).toEqual(['OVF_UNSAFE_PATH', 7]);
  });

  test('longer than any path is refused', () => {
    expect(codeAndLine(() => hrefCandidates('a'.repeat(5000), PLACE))).toEqual(['OVF_UNSAFE_PATH', 7]);
  });

  test('never leaves its folder, whatever it is', () => {
    const piece = fc.constantFrom(
      '..',
      '.',
      '/',
      '%2e',
      '%2f',
      '\\',
      'a',
      'C:',
      '%',
      '%25',
      '%2e%2e',
      'file:',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        let candidates: readonly string[] = [];
        try {
          candidates = hrefCandidates(pieces.join(''), PLACE);
        } catch {
          return;
        }
        for (const candidate of candidates) {
          expect(path.posix.resolve('/estate/vm', candidate)).toMatch(/^\/estate\/vm\/./);
          expect(path.win32.resolve('C:\\estate\\vm', candidate)).toMatch(/^C:\\estate\\vm\\./);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
