import { describe, expect, test } from 'vitest';
import { MIB } from '../../../src/model/units.js';
import { bottleneckInWords, bottleneckOf, type Job, RateMeter } from '../../../src/scheduling/index.js';
import { testJob, through } from '../../support/small-night.js';

const GUESSES = {
  host: 100 * MIB,
  datastore: 100 * MIB,
  link: 1000 * MIB,
  threads: 1000 * MIB,
  targetHost: 1000 * MIB,
  repository: 1000 * MIB,
};

/** Machines move at constant rates (MiB/s) for so many seconds, sampled every ten. */
class Samples {
  readonly meter: RateMeter;
  readonly #moved = new Map<string, number>();
  #at = 0;

  constructor(guesses: Partial<typeof GUESSES> = {}) {
    this.meter = new RateMeter(({ kind }) => ({ ...GUESSES, ...guesses })[kind], 5);
    this.meter.sample([], 0, null);
  }

  move(rates: readonly (readonly [Job, number])[], seconds: number, cap: number | null = null): this {
    for (let past = 0; past < seconds; past += 10) {
      this.#at += 10_000;
      const samples = rates.map(([job, rate]) => {
        const bytes = (this.#moved.get(job.id) ?? 0) + rate * MIB * 10;
        this.#moved.set(job.id, bytes);
        return { job, bytes, ended: false };
      });
      this.meter.sample(samples, this.#at, cap);
    }
    return this;
  }

  mib(kind: Job['hops'][number]['kind'], name: string): number {
    return this.meter.capacityOf({ kind, name }) / MIB;
  }
}

const over = (name: string, host: string, repository = 'sr1') =>
  testJob(name, { hops: [through('host', host), through('link', 'net'), through('repository', repository)] });
const [a, b, c, d] = [over('a', 'esx1'), over('b', 'esx1'), over('c', 'esx2'), over('d', 'esx2')];

describe('capacities', () => {
  test('are the guess until something is seen', () => {
    expect(new Samples().mib('host', 'esx1')).toBe(100);
    expect(new Samples().meter.rateOf({ kind: 'host', name: 'esx1' })).toBeNull();
  });

  test('rise to what goes through, at once where nothing was known', () => {
    const samples = new Samples().move([[a, 250]], 20);
    expect(samples.mib('host', 'esx1')).toBeCloseTo(250, 0);
    // Less than is guessed of it went through the link.
    expect(samples.mib('link', 'net')).toBe(1000);
  });

  test('a slow host is found out, what it shares with a fast one is not blamed', () => {
    const samples = new Samples().move(
      [
        [a, 15],
        [b, 15],
        [c, 50],
        [d, 50],
      ],
      120,
    );
    expect(samples.mib('host', 'esx1')).toBeCloseTo(30, 0);
    expect(samples.mib('host', 'esx2')).toBeCloseTo(100, 0);
    expect(samples.mib('link', 'net')).toBe(1000);
    expect(bottleneckInWords(bottleneckOf([a, b], samples.meter, null) ?? { kind: 'link', name: '' })).toBe(
      'source read on esx1',
    );
  });

  test('a slow repository is found out though hosts are guessed to be slower', () => {
    const [fast, slow] = [over('fast', 'esx1', 'sr2'), over('slow', 'esx2', 'sr1')];
    const beside = over('beside', 'esx1', 'sr1');
    const samples = new Samples()
      .move([[a, 200]], 60)
      .move([[c, 200]], 60)
      .move(
        [
          [fast, 160],
          [beside, 10],
          [slow, 10],
        ],
        300,
      );
    expect(samples.mib('repository', 'sr1')).toBeLessThan(30);
    expect(samples.mib('host', 'esx1')).toBeGreaterThan(150);
  });

  test('a slow repository is found out though all machines go through a link that is full as well', () => {
    const to = (name: string, repository: string) => over(name, `host of ${name}`, repository);
    const samples = new Samples({ link: 210 * MIB }).move(
      [
        ...['a', 'b', 'c'].map((name) => [to(name, 'sr1'), 60] as const),
        ...['d', 'e', 'f'].map((name) => [to(name, 'sr2'), 10] as const),
      ],
      300,
    );
    expect(samples.mib('repository', 'sr2')).toBeCloseTo(30, 0);
    expect(samples.mib('repository', 'sr1')).toBe(1000);
    expect(samples.mib('link', 'net')).toBeCloseTo(210, 0);
  });

  test('where all are slow the expected bottleneck is, though some are a little slower than others', () => {
    const samples = new Samples({ link: 100 * MIB }).move(
      [
        [a, 19],
        [b, 19],
        [c, 20],
        [d, 20],
      ],
      120,
    );
    expect(samples.mib('link', 'net')).toBeCloseTo(78, 0);
    expect(samples.mib('host', 'esx1')).toBe(100);
  });

  test('follow the night: what becomes faster is found faster', () => {
    const samples = new Samples().move([[a, 20]], 300).move([[a, 90]], 300);
    expect(samples.mib('host', 'esx1')).toBeGreaterThan(85);
  });

  test('what a cap holds back says nothing of the hops', () => {
    const samples = new Samples().move([[a, 20]], 300, 20 * MIB);
    expect(samples.mib('host', 'esx1')).toBe(100);
    expect(samples.mib('link', 'net')).toBe(1000);
  });
});

test('throughput is that of the hop, and of each machine on it', () => {
  const samples = new Samples().move(
    [
      [a, 30],
      [b, 50],
      [c, 10],
    ],
    60,
  );
  const { throughput, perMachine } = samples.meter.rateOf({ kind: 'host', name: 'esx1' }) ?? {};
  expect((throughput ?? 0) / MIB).toBeCloseTo(80, 5);
  expect((perMachine ?? 0) / MIB).toBeCloseTo(40, 5);
  expect(samples.meter.throughput / MIB).toBeCloseTo(90, 5);
});

test('bytes of a machine that ended between two samples count', () => {
  const meter = new RateMeter(({ kind }) => GUESSES[kind], 5);
  meter.sample([], 0, null);
  meter.sample([{ job: a, bytes: 400 * MIB, ended: true }], 10_000, null);
  expect(meter.throughput / MIB).toBeCloseTo(40, 5);
});

test('what machines take beside their data is the mean of the last ones', () => {
  const meter = new RateMeter(({ kind }) => GUESSES[kind], 5);
  meter.machineTook(20);
  meter.machineTook(40);
  expect(meter.secondsPerMachine).toBeCloseTo(30, 5);
});

test('nothing runs, nothing is the bottleneck; a cap is when it is the least', () => {
  const { meter } = new Samples();
  expect(bottleneckOf([], meter, null)).toBeNull();
  const capped = bottleneckOf([a], meter, 10 * MIB);
  expect(capped === null ? '' : bottleneckInWords(capped)).toBe('network held at its cap');
});
