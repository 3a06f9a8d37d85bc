import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BandwidthGate, type GateClock } from '../../../src/io/bandwidth-gate.js';
import { MIB } from '../../../src/model/units.js';

const BLOCK = 2 * MIB;
const MILLISECOND = 1_000_000n;

/** Time that passes only when everyone waits for it. */
class VirtualClock implements GateClock {
  pauses = 0;
  #now = 10n ** 15n;
  readonly #waiting: { readonly at: bigint; readonly wake: () => void }[] = [];

  now(): bigint {
    return this.#now;
  }

  pause(milliseconds: number): Promise<void> {
    this.pauses++;
    return new Promise((wake) => {
      this.#waiting.push({ at: this.#now + BigInt(Math.ceil(milliseconds)) * MILLISECOND, wake });
    });
  }

  async run(milliseconds: number): Promise<void> {
    const end = this.#now + BigInt(milliseconds) * MILLISECOND;
    for (;;) {
      await new Promise(setImmediate);
      const next = this.#waiting.sort((a, b) => Number(a.at - b.at))[0];
      if (next === undefined || next.at > end) break;
      this.#now = next.at;
      this.#waiting.shift();
      next.wake();
    }
    this.#now = end;
  }
}

/** Lanes that move blocks as fast as the gate lets them, at most one a millisecond, and how many bytes each has moved. */
function startLanes(
  gate: BandwidthGate,
  clock: VirtualClock,
  count: number,
): { moved: number[]; stop: () => void } {
  const moved = new Array<number>(count).fill(0);
  let running = true;
  for (const lane of moved.keys()) {
    void (async () => {
      while (running && (await gate.pass(BLOCK, () => running))) {
        moved[lane] = (moved[lane] ?? 0) + BLOCK;
        await clock.pause(1);
      }
    })();
  }
  return {
    moved,
    stop: () => {
      running = false;
    },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

describe('the gate', () => {
  it('lets as much pass as the rate says, whatever that and the lanes are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1 * MIB, max: 500 * MIB }),
        fc.integer({ min: 1, max: 12 }),
        async (rate, lanes) => {
          const clock = new VirtualClock();
          const gate = BandwidthGate.create(clock);
          gate.limit(rate);
          const { moved, stop } = startLanes(gate, clock, lanes);
          await clock.run(20_000);
          stop();
          // The first block is let through before its time has come.
          expect(sum(moved)).toBeLessThanOrEqual(20 * rate + BLOCK);
          expect(sum(moved)).toBeGreaterThan(0.95 * 20 * rate - BLOCK);
          await clock.run(1_000);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('gives no lane much more than another', async () => {
    const clock = new VirtualClock();
    const gate = BandwidthGate.create(clock);
    gate.limit(50 * MIB);
    const { moved, stop } = startLanes(gate, clock, 5);
    await clock.run(60_000);
    stop();
    for (const bytes of moved) expect(bytes).toBeGreaterThan((0.5 * sum(moved)) / moved.length);
    await clock.run(1_000);
  });

  it('follows another rate at once, and makes up for nothing of the time before', async () => {
    const clock = new VirtualClock();
    const gate = BandwidthGate.create(clock);
    // A block takes half an hour at that rate.
    gate.limit(1_000);
    const { moved, stop } = startLanes(gate, clock, 3);
    await clock.run(5_000);
    expect(sum(moved)).toBe(BLOCK);
    for (const [rate, most] of [
      [100 * MIB, 1_000 * MIB],
      [0, 0],
      [10 * MIB, 100 * MIB],
    ] as const) {
      const before = sum(moved);
      gate.limit(rate);
      await clock.run(10_000);
      expect(sum(moved) - before).toBeLessThanOrEqual(most + BLOCK);
      expect(sum(moved) - before).toBeGreaterThanOrEqual(0.9 * most);
    }
    const before = sum(moved);
    gate.limit(null);
    await clock.run(250);
    expect(sum(moved) - before).toBeGreaterThan(100 * MIB);
    stop();
  });

  it('lets less than a second of the rate through at once after a rest', async () => {
    const clock = new VirtualClock();
    const gate = BandwidthGate.create(clock);
    gate.limit(40 * MIB);
    await clock.run(3_600_000);
    const { moved, stop } = startLanes(gate, clock, 4);
    await clock.run(100);
    expect(sum(moved)).toBeLessThan(40 * MIB);
    stop();
    await clock.run(1_000);
  });

  it('lets those who do not want to wait any more go within a second', async () => {
    const clock = new VirtualClock();
    const gate = BandwidthGate.create(clock);
    gate.limit(0);
    let wanted = true;
    let passed: boolean | undefined;
    void gate
      .pass(BLOCK, () => wanted)
      .then((result) => {
        passed = result;
      });
    await clock.run(5_000);
    expect(passed).toBeUndefined();
    wanted = false;
    await clock.run(1_000);
    expect(passed).toBe(false);
  });

  it('wakes a few times a second while nothing may pass', async () => {
    const clock = new VirtualClock();
    const gate = BandwidthGate.create(clock);
    gate.limit(0);
    const { stop } = startLanes(gate, clock, 1);
    await clock.run(100_000);
    expect(clock.pauses).toBeLessThan(1_000);
    stop();
    await clock.run(1_000);
  });
});
