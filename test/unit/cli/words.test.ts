import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellQuote } from '../../../src/cli/shell-quote.js';
import { Throughput } from '../../../src/cli/throughput.js';
import { formatBytes, formatRate, formatSeconds } from '../../../src/model/format.js';

describe('words', () => {
  it.each([
    [0, '0 B'],
    [1536, '1.5 KiB'],
    [1024 ** 3, '1 GiB'],
    [190 * 1024 ** 3, '190 GiB'],
  ])('for %i bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0.84, '0.8 s'],
    [59.6, '1 m 00 s'],
    [340, '5 m 40 s'],
    [7500, '2 h 05 m'],
    [Number.NaN, '?'],
  ])('for %d seconds are %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it('for a rate that was not measured are a dash', () => {
    expect(formatRate(0, 5)).toBe('–');
    expect(formatRate(1024 ** 2, 0)).toBe('–');
  });
});

describe('a rate', () => {
  it('is the steady one from the start and follows a change within a minute', () => {
    const throughput = new Throughput();
    for (let second = 0; second <= 10; second++) throughput.update(second * 100, second * 1000);
    expect(throughput.bytesPerSecond).toBeCloseTo(100);
    for (let second = 11; second <= 90; second++) throughput.update(1000 + (second - 10) * 10, second * 1000);
    expect(throughput.bytesPerSecond).toBeGreaterThan(10);
    expect(throughput.bytesPerSecond).toBeLessThan(20);
  });
});

describe('a quoted word', () => {
  it('is what the shell makes of it again', () => {
    const word = fc.string({ unit: fc.constantFrom("'", '"', ' ', '$', '`', '\\', 'a', '*', '\n', 'ü') });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        const script = words.map((text) => `printf '%s\\0' ${shellQuote(text)}`).join('\n');
        expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(
          words.map((text) => `${text}\0`).join(''),
        );
      }),
      { numRuns: 20 },
    );
  });
});
