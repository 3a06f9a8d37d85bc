import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesPerUnit, sizeInBytes } from '../../../src/ovf-parser/allocation-units.js';

describe('allocation units', () => {
  test.each([
    [null, 1],
    ['', 1],
    ['byte', 1],
    ['bytes', 1],
    ['byte * 2^10', 1024],
    ['byte * 2^20', 1_048_576],
    ['byte*2^20', 1_048_576],
    ['byte * 2 ^ 20', 1_048_576],
    ['BYTE * 2^30', 1_073_741_824],
    ['byte * 2^40', 1_099_511_627_776],
    ['byte * 10^9', 1_000_000_000],
    ['byte * 1024 * 1024', 1_048_576],
    ['KiloBytes', 1024],
    ['MegaBytes', 1_048_576],
    ['MegaByte', 1_048_576],
    ['GigaBytes', 1_073_741_824],
    ['MB', 1_048_576],
    ['GiB', 1_073_741_824],
    ['hertz * 10^6', null],
    ['parsecs', null],
    ['byte * 2^99', null],
    ['byte * x', null],
    ['byte +', null],
  ])('%j are %s bytes', (spelling, bytes) => {
    expect(bytesPerUnit(spelling)).toBe(bytes);
  });

  test.each([
    ['40', 'GigaBytes', 42_949_672_960],
    ['0.5', 'byte * 2^30', 536_870_912],
    ['70368744177664', null, 70_368_744_177_664],
    ['0.3', null, null],
    ['-1', null, null],
    ['1e3', null, null],
    ['9999999999999999', 'byte * 2^40', null],
    [null, 'byte', null],
  ])('%s of %s are %s bytes', (amount, units, bytes) => {
    expect(sizeInBytes(amount, units)).toBe(bytes);
  });

  test('spacing and letter case of an expression change nothing', () => {
    const space = fc.constantFrom('', ' ', '  ', '\t');
    const power = fc.constantFrom(0, 10, 20, 30, 40);
    fc.assert(
      fc.property(power, space, space, space, fc.boolean(), (exponent, a, b, c, upper) => {
        const spelling = `byte${a}*${b}2${c}^${a}${exponent}`;
        expect(bytesPerUnit(upper ? spelling.toUpperCase() : spelling)).toBe(2 ** exponent);
      }),
    );
  });

  test('a size is the same in bytes and in any unit that divides it', () => {
    const units = fc.constantFrom(['KiloBytes', 10], ['MegaBytes', 20], ['byte * 2^30', 30] as const);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_536 }), units, (amount, [unit, exponent]) => {
        const bytes = amount * 2 ** Number(exponent);
        expect(sizeInBytes(String(amount), String(unit))).toBe(sizeInBytes(String(bytes), null));
      }),
    );
  });
});
