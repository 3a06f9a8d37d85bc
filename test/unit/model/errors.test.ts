import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CATALOG } from '../../../src/model/error-catalog.js';
import {
  describeError,
  firstFailure,
  reviveError,
  serializeError,
  XenferryError,
} from '../../../src/model/errors.js';

describe('the error codes', () => {
  it('are those of docs/errors.md, no more and no less', () => {
    const documented = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^### (\w+)$/gm)].map(
      ([, code]) => code,
    );
    expect([...documented].sort()).toEqual(Object.keys(ERROR_CATALOG).sort());
  });
});

describe('an error', () => {
  it('keeps what the operator needs across a thread', () => {
    const error = new XenferryError('VMDK_GRAIN_CORRUPT', 'bad grain', {
      file: 'a.vmdk',
      offset: 512,
      hint: 'again',
    });
    const revived = reviveError(structuredClone(serializeError(error)));
    expect(revived).toBeInstanceOf(XenferryError);
    expect(revived).toMatchObject({
      code: error.code,
      message: 'bad grain',
      hint: 'again',
      place: error.place,
    });
  });

  it.each([
    [{}, 'bad'],
    [{ file: 'a.ovf', line: 3 }, 'a.ovf:3: bad'],
    [{ file: 'a.vmdk', offset: 512 }, 'a.vmdk at byte 512: bad'],
    [{ file: 'a.vmdk' }, 'a.vmdk: bad'],
  ])('names its place %j', (place, text) => {
    expect(describeError({ message: 'bad', place })).toBe(text);
  });

  it('that made the others stop is the one that is told', async () => {
    const cause = new Error('cause');
    const outcomes = await Promise.allSettled([
      Promise.resolve(),
      Promise.reject(new XenferryError('CANCELED', 'stopped')),
      Promise.reject(cause),
    ]);
    expect(firstFailure(outcomes)).toBe(cause);
    expect(firstFailure(outcomes.slice(0, 1))).toBeUndefined();
  });
});
