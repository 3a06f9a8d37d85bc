import { describe, expect, it } from 'vitest';
import { TransferSlots } from '../../../../src/targets/xapi-pool/index.js';
import { failureOf } from '../../../support/failure.js';

const { signal } = new AbortController();

describe('transfers', () => {
  it('go to the least busy host that sees the repository', async () => {
    const slots = new TransferSlots({ perHost: 2, perStorage: 9 });
    const taken = [];
    for (let index = 0; index < 3; index++) taken.push(await slots.take('sr', ['a', 'b', 'c'], signal));
    expect(taken.map(({ address }) => address).sort()).toEqual(['a', 'b', 'c']);
    expect((await slots.take('sr', ['c'], signal)).address).toBe('c');
  });

  it.each([
    [{ perHost: 1, perStorage: 9 }, 'other'],
    [{ perHost: 9, perStorage: 1 }, 'sr'],
  ])('wait for one another at the limit (%#)', async (limits, storage) => {
    const slots = new TransferSlots(limits);
    const first = await slots.take('sr', ['a'], signal);
    let second = false;
    const waiting = slots.take(storage, ['a'], signal).then(() => {
      second = true;
    });
    await new Promise(setImmediate);
    expect(second).toBe(false);
    first.release();
    first.release();
    await waiting;
    const stop = new AbortController();
    const third = slots.take(storage, ['a'], stop.signal);
    stop.abort();
    expect((await failureOf(third)).code).toBe('CANCELED');
  });
});
