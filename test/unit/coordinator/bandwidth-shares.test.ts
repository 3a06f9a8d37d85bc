import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BandwidthShares, SHARE_LASTS_MS, UNCAPPED } from '../../../src/coordinator/bandwidth-shares.js';
import { WorkerBandwidth } from '../../../src/coordinator/worker-bandwidth.js';
import { BandwidthGate } from '../../../src/io/bandwidth-gate.js';

const SECOND = 1000;
const CAP = 1_000_000;

test('whenever jobs come and go, and however late workers hear, they move no more than the cap', () => {
  const steps = fc.array(
    fc.record({
      begin: fc.integer({ min: 0, max: 2 }),
      end: fc.integer({ min: 0, max: 2 }),
      seconds: fc.constantFrom(1, 1, 1, 3, 9),
    }),
    { minLength: 1, maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (drawn) => {
      const shares = new BandwidthShares();
      /** All that a worker may still go by: what it was told, and until when each of it can be news. */
      const heard = new Map<number, { share: number; until: number }[]>();
      let now = 0;
      let next = 0;
      for (const { begin, end, seconds } of drawn) {
        for (let each = 0; each < begin; each++) {
          shares.begin(next);
          heard.set(next++, [{ share: 0, until: Number.POSITIVE_INFINITY }]);
        }
        for (const id of [...heard.keys()].slice(0, end)) {
          shares.end(id);
          heard.delete(id);
        }
        for (let second = 0; second < seconds; second++) {
          const told = shares.divide(CAP, now);
          for (const id of told?.jobIds ?? []) {
            const known = heard.get(id) ?? [];
            for (const each of known) each.until = Math.min(each.until, now + SHARE_LASTS_MS);
            known.push({ share: told?.bandwidth ?? 0, until: Number.POSITIVE_INFINITY });
          }
          shares.told(now);
          let sum = 0;
          for (const known of heard.values()) {
            sum += Math.max(...known.filter(({ until }) => until > now).map(({ share }) => share));
          }
          expect(sum).toBeLessThanOrEqual(CAP);
          now += SECOND;
        }
      }
      // Once nothing changes any more all of it is used.
      for (let second = 0; second < 20; second++, now += SECOND) {
        const told = shares.divide(CAP, now);
        for (const id of told?.jobIds ?? []) heard.set(id, [{ share: told?.bandwidth ?? 0, until: 0 }]);
        shares.told(now);
      }
      const last = [...heard.values()].map((known) => known.at(-1)?.share ?? 0);
      if (heard.size > 0) expect(last).toEqual(last.map(() => Math.floor(CAP / heard.size)));
    }),
  );
});

test('without a cap that holds all may move what they can', () => {
  const shares = new BandwidthShares();
  shares.begin(1);
  expect(shares.divide(null, 0)).toEqual({ jobIds: [1], bandwidth: UNCAPPED });
  expect(shares.divide(0, 1)).toEqual({ jobIds: [1], bandwidth: 0 });
});

test('a worker moves what its jobs may, and all when none of them knows a cap', async () => {
  let now = 0n;
  const gate = BandwidthGate.create({ now: () => now, pause: async () => {} });
  const worker = new WorkerBandwidth(gate);
  const passes = async () => {
    now += 10n ** 12n;
    return await gate.pass(1, () => false);
  };
  worker.set(1, null);
  expect(await passes()).toBe(true);
  worker.set(2, 0);
  expect(await passes()).toBe(false);
  worker.set(3, 100);
  expect(await passes()).toBe(true);
  worker.end(3);
  expect(await passes()).toBe(false);
  worker.end(2);
  expect(await passes()).toBe(true);
});
