import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GIB, MIB } from '../../../src/model/units.js';
import { DEFAULT_POLICY, type Hop, type Job } from '../../../src/scheduling/index.js';
import { liveThrough } from '../../support/night-world.js';
import { EVENING, HOUR } from '../../support/small-night.js';

const estate = fc.record({
  machines: fc.array(
    fc.record({
      gib: fc.integer({ min: 1, max: 50 }),
      host: fc.integer({ min: 0, max: 7 }),
      datastore: fc.integer({ min: 0, max: 5 }),
      repository: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 150, maxLength: 300 },
  ),
  /** MiB a second; the plan guesses 100 for every host and 200 for datastores and repositories. */
  speeds: fc.array(fc.integer({ min: 60, max: 400 }), { minLength: 18, maxLength: 18 }),
  link: fc.integer({ min: 300, max: 1200 }),
  machinesAtOnce: fc.integer({ min: 8, max: 32 }),
});

test('of any estate the forecast is within 15 % of what is left once the rates are known', () => {
  fc.assert(
    fc.property(estate, ({ machines, speeds, link, machinesAtOnce }) => {
      const jobs = machines.map(({ gib, host, datastore, repository }, index): Job => {
        const hops = [
          { kind: 'host' as const, name: `esx${host}`, share: 1 },
          { kind: 'datastore' as const, name: `ds${datastore}`, share: 1 },
          { kind: 'link' as const, name: 'backbone', share: 1 },
          { kind: 'repository' as const, name: `sr${repository}`, share: 1 },
        ];
        const id = `vm${index}`;
        const order = { priority: 0, wave: 'all', unit: null, after: [], deadline: null };
        return { id, name: id, bytes: gib * GIB, hops, enlistedAt: EVENING, ...order };
      });
      const first = { host: 0, datastore: 8, repository: 14, link: 0, threads: 0, targetHost: 0 };
      const capacityOf = ({ kind, name }: Hop) =>
        (kind === 'link' ? link : (speeds[first[kind] + Number(name.at(-1))] ?? 0)) * MIB;
      const night = {
        jobs,
        waves: [{ name: 'all', window: null }],
        blackOuts: [],
        limits: { machinesAtOnce, threads: 64, perHop: { host: 4, datastore: 8 } },
        caps: [],
        policy: DEFAULT_POLICY,
      };
      const rules = { start: EVENING, until: EVENING + 1000 * HOUR, capacityOf, secondsPerMachine: 20 };
      const lasts = liveThrough(night, rules).endedAt - EVENING;
      const forecastsAt = [0.3, 0.5, 0.7].map((part) => EVENING + part * lasts);
      for (const { at, forecast } of liveThrough(night, { ...rules, forecastsAt }).forecasts) {
        const left = EVENING + lasts - at;
        expect(Math.abs((forecast.endsAt ?? 0) - EVENING - lasts) / left).toBeLessThan(0.15);
      }
    }),
    { numRuns: 12, endOnFailure: true },
  );
});
