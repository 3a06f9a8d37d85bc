import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { giveSign, withSigns } from '../../../src/worker-threads-pool/index.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('work is heard of while it waits for a thread and while it comes on, not when it hangs', async () => {
  const heard = vi.fn();
  const during = async (action: () => void = () => {}) => {
    heard.mockClear();
    for (let second = 0; second < 10; second++) {
      action();
      await vi.advanceTimersByTimeAsync(1000);
    }
    return heard.mock.calls.length;
  };
  await withSigns(heard, async (signs) => {
    expect(await during()).toBe(10);
    expect(await during(() => giveSign(signs))).toBe(10);
    expect(await during()).toBe(0);
    expect(await during(() => giveSign(signs))).toBe(10);
  });
  expect(await during()).toBe(0);
});
