import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPieces } from '../../../src/cli/json-pieces.js';

describe('jsonPieces', () => {
  it('is, put together, what JSON.stringify gives', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect([...jsonPieces(value)].join('')).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });

  it('leaves out what JSON leaves out, and asks what has a form of its own', () => {
    const when = new Date(0);
    const values = [
      { none: undefined, call: () => 0, when, list: [undefined, when, [], {}] },
      { only: undefined },
      when,
    ];
    for (const value of values) {
      expect([...jsonPieces(value)].join('')).toBe(JSON.stringify(value, null, 2));
    }
  });

  it('never holds more than an element of a list', () => {
    const machines = Array.from({ length: 1000 }, (_, index) => ({ name: `machine ${index}` }));
    const pieces = [...jsonPieces({ machines, problems: [] })];
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(60);
  });
});
