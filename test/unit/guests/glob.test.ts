import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob } from '../../../src/guests/profiles/index.js';

describe('a pattern', () => {
  it.each([
    ['web*', 'WEB01', true],
    ['web*', 'my-web', false],
    ['*', '', true],
    ['a*a', 'a', false],
    ['a*bc*c', 'abc', false],
    ['a.c', 'abc', false],
    ['', 'x', false],
    ['*\n*', 'a\nb', true],
  ])('%j for %j: %s', (pattern, text, fits) => {
    expect(compileGlob(pattern)(text)).toBe(fits);
  });

  it('fits what the regular expression fits in which .* stands for each *', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', 'B', '*'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (glob, name) => {
        expect(compileGlob(glob)(name)).toBe(new RegExp(`^${glob.replaceAll('*', '.*')}$`, 'i').test(name));
      }),
      { numRuns: 2000 },
    );
  });

  it('with many stars comes to an end', () => {
    expect(compileGlob(`${'*a'.repeat(50)}*b`)('a'.repeat(10_000))).toBe(false);
  });
});
