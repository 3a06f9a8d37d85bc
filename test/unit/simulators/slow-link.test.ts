import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SlowLink } from '../../simulators/xapi-pool/streams/slow-link.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

it.each([
  1, 13, 1000,
])('lets 4,000 bytes in pieces of %i through in two seconds at 2,000 a second', async (piece) => {
  const link = new SlowLink(2000);
  let isThrough = false;
  const passing = (async () => {
    for (let left = 4000; left > 0; left -= piece) await link.pass(Math.min(piece, left));
    isThrough = true;
  })();
  await vi.advanceTimersByTimeAsync(1999);
  expect(isThrough).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isThrough).toBe(true);
  await passing;
});
