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
      /** How many of the oldest have nothing to move from now on; the others have. */
      idle: fc.integer({ min: 0, max: 3 }),
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
      const idle = new Set<number>();
      for (const { begin, end, idle: resting, seconds } of drawn) {
        for (let each = 0; each < begin; each++) {
          shares.begin(next);
          heard.set(next++, [{ share: 0, until: Number.POSITIVE_INFINITY }]);
        }
        for (const id of [...heard.keys()].slice(0, end)) {
          shares.end(id);
          heard.delete(id);
        }
        idle.clear();
        for (const id of [...heard.keys()].slice(0, resting)) idle.add(id);
        for (const id of heard.keys()) shares.moves(id, !idle.has(id));
        for (let second = 0; second < seconds; second++) {
          for (const { jobIds, bandwidth: share } of shares.divide(CAP, now)) {
            for (const id of jobIds) {
              const known = heard.get(id) ?? [];
              for (const each of known) each.until = Math.min(each.until, now + SHARE_LASTS_MS);
              known.push({ share, until: Number.POSITIVE_INFINITY });
            }
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
        for (const { jobIds, bandwidth: share } of shares.divide(CAP, now)) {
          for (const id of jobIds) heard.set(id, [{ share, until: 0 }]);
        }
        shares.told(now);
      }
      const movers = [...heard.keys()].filter((id) => !idle.has(id)).length;
      for (const [id, known] of heard) {
        expect(known.at(-1)?.share).toBe(idle.has(id) ? 0 : Math.floor(CAP / movers));
      }
    }),
  );
});

test('without a cap that holds all may move what they can', () => {
  const shares = new BandwidthShares();
  shares.begin(1);
  expect(shares.divide(null, 0)).toEqual([{ jobIds: [1], bandwidth: UNCAPPED }]);
  expect(shares.divide(0, 1)).toEqual([{ jobIds: [1], bandwidth: 0 }]);
});

test('a machine that is mended gives its share to the others, and has it back when it moves', () => {
  const shares = new BandwidthShares();
  const told = new Map<number, number>();
  let now = 0;
  const after = (seconds: number) => {
    for (let second = 0; second < seconds; second++, now += SECOND) {
      for (const { jobIds, bandwidth } of shares.divide(CAP, now)) {
        for (const id of jobIds) told.set(id, bandwidth);
      }
      shares.told(now);
    }
    return [told.get(1), told.get(2)];
  };
  shares.begin(1);
  shares.begin(2);
  expect(after(7)).toEqual([CAP / 2, CAP / 2]);
  shares.moves(1, false);
  expect(after(1)).toEqual([0, CAP / 2]);
  // Only then nobody can still move by what he was told before.
  expect(after(4)).toEqual([0, CAP / 2]);
  expect(after(1)).toEqual([0, CAP]);
  shares.moves(1, true);
  expect(after(1)).toEqual([0, CAP / 2]);
  expect(after(5)).toEqual([CAP / 2, CAP / 2]);
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
