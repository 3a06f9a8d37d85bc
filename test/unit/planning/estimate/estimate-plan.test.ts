import { describe, expect, it } from 'vitest';
import type { Estimate } from '../../../../src/model/plan.js';
import { MIB } from '../../../../src/model/units.js';
import { type EstimateInput, estimatePlan } from '../../../../src/planning/estimate/index.js';
import { limits, moved, oneWave, rates } from './scenario.js';

/** `name start..end`, in seconds. */
function spans({ machines }: Estimate): string[] {
  return machines.map(
    ({ machineId, startSeconds, seconds }) =>
      `${machineId.replace('.ovf', '')} ${round(startSeconds)}..${round(startSeconds + seconds)}`,
  );
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

const one = (name: string, host: string | null, mib: number) => moved(name, host, [{ mib }]);

describe('an estimate', () => {
  // Each expected time is reckoned by hand beside its scenario.
  it.each<[string, EstimateInput, string[], string]>([
    [
      // 6000 / 100, and 10 s of its own
      'of one machine is its data at the slowest rate and its own seconds',
      oneWave([one('a', 'h1', 6000)], { rates: rates({ secondsPerMachine: 10 }) }),
      ['a 0..70'],
      'source',
    ],
    [
      // 50 each until 1000 are through at 20 s; then the other's 2000 at 100
      'halves a host between two machines until one is done',
      oneWave([one('a', 'h1', 1000), one('b', 'h1', 3000)]),
      ['a 0..20', 'b 0..40'],
      'source',
    ],
    [
      // h1 gives 50 each; of 170 that leaves c 70
      'gives to one host what another cannot take from the network',
      oneWave([one('a', 'h1', 5000), one('b', 'h1', 5000), one('c', 'h2', 7000)], {
        rates: rates({ networkMiBps: 170 }),
      }),
      ['a 0..100', 'b 0..100', 'c 0..100'],
      'source',
    ],
    [
      // 200 / 4
      'divides a narrow network among all hosts',
      oneWave(
        ['1', '2', '3', '4'].map((n) => one(n, n, 1000)),
        { rates: rates({ networkMiBps: 200 }) },
      ),
      ['1 0..20', '2 0..20', '3 0..20', '4 0..20'],
      'network',
    ],
    [
      // 2 threads of 20 for 4 machines: 10 each
      'divides the threads among all machines',
      oneWave(
        ['1', '2', '3', '4'].map((n) => one(n, n, 1000)),
        { rates: rates({ threadMiBps: 20 }), limits: limits({ threads: 2 }) },
      ),
      ['1 0..100', '2 0..100', '3 0..100', '4 0..100'],
      'threads',
    ],
    [
      // both write 3/4 of their data to fast: 30 = 2 x 3/4 x rate, so 20 each
      'slows a machine to what its busiest repository takes',
      oneWave(
        ['a', 'b'].map((name) =>
          moved(name, name, [
            { mib: 3000, storage: 'fast' },
            { mib: 1000, storage: 'slow' },
          ]),
        ),
        { rates: rates({ targetMiBps: 30 }) },
      ),
      ['a 0..200', 'b 0..200'],
      'target',
    ],
    [
      // ds1 holds 3/4 of the data: 75 = 3/4 x rate
      'reads the disks of unknown hosts from their datastores in step',
      oneWave(
        [
          moved('a', null, [
            { mib: 3000, datastore: 'ds1' },
            { mib: 1000, datastore: 'ds2' },
          ]),
        ],
        { rates: rates({ sourceMiBps: 75 }) },
      ),
      ['a 0..40'],
      'source',
    ],
    [
      // b1 passes a2, which waits for h1
      'lets a machine pass one whose host is busy',
      oneWave([one('a1', 'h1', 1000), one('a2', 'h1', 1000), one('b1', 'h2', 2000), one('b2', 'h2', 1000)], {
        limits: limits({ machinesAtOnce: 2, machinesPerHost: 1 }),
      }),
      ['a1 0..10', 'a2 10..20', 'b1 0..20', 'b2 20..30'],
      'source',
    ],
    [
      'keeps to the limit of each datastore that a machine has a disk on',
      oneWave(
        [
          moved('a', 'h1', [
            { mib: 500, datastore: 'ds1' },
            { mib: 500, datastore: 'ds2' },
          ]),
          moved('b', 'h2', [{ mib: 800, datastore: 'ds2' }]),
          moved('c', 'h3', [{ mib: 1000, datastore: 'ds3' }]),
        ],
        { limits: limits({ machinesPerDatastore: 1 }) },
      ),
      ['a 0..10', 'b 10..18', 'c 0..10'],
      'machines',
    ],
    [
      'says that more machines at once would help when other hosts idle',
      oneWave([one('a', 'h1', 1000), one('b', 'h2', 1000), one('c', 'h3', 1000)], {
        limits: limits({ machinesAtOnce: 1 }),
      }),
      ['a 0..10', 'b 10..20', 'c 20..30'],
      'machines',
    ],
    [
      'does not say so when those that wait have the same busy host',
      oneWave([one('a', 'h1', 1000), one('b', 'h1', 1000)], { limits: limits({ machinesAtOnce: 1 }) }),
      ['a 0..10', 'b 10..20'],
      'source',
    ],
    [
      'takes no transfer for a machine without data',
      oneWave([one('a', 'h1', 0), one('b', 'h1', 0)], {
        rates: rates({ secondsPerMachine: 5 }),
        limits: limits({ machinesAtOnce: 1 }),
      }),
      ['a 0..5', 'b 5..10'],
      'machines',
    ],
    // Exports of one folder come from one place.
    [
      'takes machines of no known host as from one folder',
      oneWave([one('a', null, 1000), one('b', null, 1000)]),
      ['a 0..20', 'b 0..20'],
      'source',
    ],
  ])('%s', (_, input, expected, bottleneck) => {
    const estimate = estimatePlan(input);
    expect(spans(estimate)).toEqual(expected);
    expect(estimate.bottleneck).toBe(bottleneck);
    expect(estimate.waves[0]?.bottleneck).toBe(bottleneck);
  });

  it('takes waves one after the other and leaves out what is not to be moved', () => {
    const a = one('a', 'h1', 1000);
    const b = one('b', 'h2', 3000);
    const estimate = estimatePlan({
      ...oneWave([a, b], { start: '2026-11-27T22:00:00+01:00' }),
      waves: [
        { name: 'pilot', machineIds: ['a.ovf', 'left-out.ovf'], window: null },
        { name: 'rest', machineIds: ['b.ovf'], window: null },
        { name: 'none', machineIds: [], window: null },
      ],
    });
    expect(estimate).toMatchObject({ bytes: 4000 * MIB, seconds: 40 });
    expect(
      estimate.waves.map(({ wave, machines, seconds, startsAt, endsAt }) => [
        wave,
        machines,
        seconds,
        startsAt,
        endsAt,
      ]),
    ).toEqual([
      ['pilot', 1, 10, '2026-11-27T21:00:00.000Z', '2026-11-27T21:00:10.000Z'],
      ['rest', 1, 30, '2026-11-27T21:00:10.000Z', '2026-11-27T21:00:40.000Z'],
      ['none', 0, 0, '2026-11-27T21:00:40.000Z', '2026-11-27T21:00:40.000Z'],
    ]);
    expect(spans(estimate)).toEqual(['a 0..10', 'b 0..30']);
  });
});
