import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Slots } from '../../../src/coordinator/live/slots.js';

const { signal: never } = new AbortController();

describe('slots of a name', () => {
  it('are never held by more than there are, and all are served', async () => {
    const wish = fc.record({
      name: fc.constantFrom('esx01', 'esx02'),
      count: fc.integer({ min: 1, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { maxLength: 40 }), async (wishes) => {
        const slots = new Slots(8);
        const held = new Map<string, number>();
        let served = 0;
        const all = wishes.map(({ name, count }) =>
          slots.hold(name, count, never, async () => {
            const taken = Math.min(count, 8);
            held.set(name, (held.get(name) ?? 0) + taken);
            expect(held.get(name)).toBeLessThanOrEqual(8);
            await new Promise((resolve) => setImmediate(resolve));
            held.set(name, (held.get(name) ?? 0) - taken);
            served++;
          }),
        );
        await Promise.all(all);
        expect(served).toBe(wishes.length);
      }),
    );
  });

  it('are given to who came first, also when one before gives up waiting', async () => {
    const slots = new Slots(2);
    const order: string[] = [];
    const { promise: first, resolve: end } = gate();
    const impatient = new AbortController();
    const running = slots.hold('esx01', 2, never, () => first);
    const tired = slots.hold('esx01', 2, impatient.signal, async () => {
      order.push('tired');
    });
    const small = slots.hold('esx01', 1, never, async () => {
      order.push('small');
    });
    impatient.abort(new Error('enough'));
    await expect(tired).rejects.toThrow('enough');
    expect(order).toEqual([]);
    end();
    await Promise.all([running, small]);
    expect(order).toEqual(['small']);
  });
});

function gate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
