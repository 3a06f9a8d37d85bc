import { describe, expect, it } from 'vitest';
import { hopSeries } from '../../../src/dashboard/charts/hop-series.js';
import { timeTicks } from '../../../src/dashboard/charts/ticks.js';
import type { BatchSummary } from '../../../src/dashboard/documents.js';
import { addressOf, parseRoute } from '../../../src/dashboard/router.js';
import { percent, rate, size, span } from '../../../src/dashboard/words/amounts.js';
import { eventWords } from '../../../src/dashboard/words/event-words.js';
import { BatchNews } from '../../../src/dashboard/words/news.js';
import { estimateNote, forecastNote, verdict } from '../../../src/dashboard/words/night-words.js';
import { verbsForJob, verbsForMany } from '../../../src/dashboard/words/order-verbs.js';
import { orderWords } from '../../../src/dashboard/words/order-words.js';
import { reasonOf } from '../../../src/dashboard/words/states.js';
import { countsOf, nightJobs, runningBatch } from '../../support/dashboard-night.js';

const NOW = Date.UTC(2026, 10, 24, 1);
const HOUR = 3_600_000;
const jobs = nightJobs(1, 100, NOW);
const batch = runningBatch(1, 'Shop', jobs, NOW);

function outlook(part: Partial<NonNullable<BatchSummary['outlook']>>): BatchSummary {
  if (batch.outlook === null) throw new Error('no outlook');
  return { ...batch, outlook: { ...batch.outlook, ...part } };
}

describe('amounts', () => {
  it('are told in the units that one reads at a glance', () => {
    expect([0, 1023, 1024, 1.5 * 1024 ** 2, 118 * 1024 ** 3, 40.1 * 1024 ** 4].map(size)).toEqual([
      '0 B',
      '1023 B',
      '1 KiB',
      '1.5 MiB',
      '118 GiB',
      '40.1 TiB',
    ]);
    expect([rate(0), rate(1024 ** 2)]).toEqual(['–', '1 MiB/s']);
    expect([400, 59_000, 60_000, 12 * 60_000, 3 * HOUR + 300_000, 50 * HOUR].map(span)).toEqual([
      '0 s',
      '59 s',
      '1 min',
      '12 min',
      '3 h 05 min',
      '2 d 2 h',
    ]);
  });

  it('are not all before all is there', () => {
    expect([percent(0, 10), percent(9.999, 10), percent(10, 10), percent(11, 10), percent(0, 0)]).toEqual([
      0, 99, 100, 100, 100,
    ]);
  });
});

describe('a night in words', () => {
  it('is on course when the forecast ends before the window', () => {
    expect(verdict(batch, NOW)).toMatchObject({ tone: 'done' });
    expect(forecastNote(outlook({ endsAt: NOW + 4 * HOUR }), NOW)).toMatch(
      /48 min before the window “night” ends/,
    );
  });

  it('says who will not be done, and how late it gets', () => {
    const late = outlook({ unfit: 12, endsAt: NOW + 5.8 * HOUR });
    expect(verdict(late, NOW)).toEqual({
      text: '12 machines will not be done when the window ends',
      tone: 'open',
    });
    expect(forecastNote(late, NOW)).toMatch(/1 h 00 min after the window/);
  });

  it('says that it is paused before it says when it would end', () => {
    expect(verdict({ ...batch, onHold: true }, NOW).text).toMatch(/^Paused with \d+ machines left$/);
  });

  it('compares with the estimate', () => {
    expect(estimateNote(outlook({ endsAt: NOW, estimateEndsAt: NOW + HOUR }))).toBe(
      "1 h 00 min earlier than the plan's estimate",
    );
    expect(estimateNote(outlook({ endsAt: null }))).toBeNull();
  });
});

describe('news', () => {
  it('are more failures and another verdict, not what was so before or a minute more', () => {
    const news = new BatchNews();
    expect(news.of({ ...batch, counts: { ...batch.counts, failed: 3 } }, NOW)).toBeNull();
    expect(
      news.of({ ...outlook({ endsAt: NOW + HOUR }), counts: { ...batch.counts, failed: 3 } }, NOW),
    ).toBeNull();
    expect(news.of({ ...batch, counts: { ...batch.counts, failed: 4 } }, NOW)).toBe(
      'Shop: 1 machine failed just now.',
    );
    expect(news.of({ ...outlook({ unfit: 2 }), counts: { ...batch.counts, failed: 4 } }, NOW)).toBe(
      'Shop: 2 machines will not be done when the window ends.',
    );
  });
});

describe('orders', () => {
  it('are offered as the state allows', () => {
    const [job] = jobs;
    if (job === undefined) throw new Error('no job');
    expect(verbsForJob({ ...job, state: 'failed' })).toEqual(['retry']);
    expect(verbsForJob({ ...job, state: 'planned' })).toEqual(['pause', 'cancel']);
    expect(verbsForJob({ ...job, state: 'paused', onHold: true })).toEqual(['resume', 'cancel']);
    expect(verbsForJob({ ...job, state: 'done' })).toEqual(['refix']);
    expect(verbsForMany(countsOf(jobs.filter(({ state }) => state === 'done')), false)).toEqual(['refix']);
  });

  it('say how many machines they stop', () => {
    const words = orderWords('cancel', 'batch', 'Shop', {
      ...batch.counts,
      running: 1,
      waiting: 12,
      paused: 0,
    });
    expect(words.consequences[0]).toBe(
      '1 running machine stops and 12 waiting machines do not start any more.',
    );
    expect(words.grave).toBe(true);
  });
});

describe('a row', () => {
  it('says first why a machine failed, then that it is stuck, then what it waits for', () => {
    const [job] = jobs;
    if (job === undefined) throw new Error('no job');
    const hold = { kind: 'window', reason: 'waits for the window “night”', until: null };
    const error = { code: 'VERIFY_MISMATCH', message: 'disk 0 differs', hint: 'Retry.' };
    expect(reasonOf({ ...job, state: 'failed', error, hold })?.text).toBe('disk 0 differs');
    expect(reasonOf({ ...job, state: 'converting', stuckSince: NOW, hold })?.text).toBe('Makes no progress');
    expect(reasonOf({ ...job, state: 'planned', hold })?.text).toBe('waits for the window “night”');
  });
});

describe('charts', () => {
  it('show the hops with the most, and nulls where a sample has none', () => {
    const at = (seconds: number, hops: Record<string, number>) => ({
      at: seconds * 1000,
      bytesPerSecond: 9,
      running: 1,
      hops,
    });
    const { labels, columns } = hopSeries(
      [at(1, { 'host a': 5 }), at(2, { 'host a': 1, 'link 10 GbE': 9, 'host c': 1 })],
      2,
    );
    expect(labels).toEqual(['Network 10 GbE', 'Source host a']);
    expect(columns).toEqual([
      [1, 2],
      [null, 9],
      [5, 1],
    ]);
    expect(hopSeries([at(1, {})], 2).labels).toEqual(['All machines']);
  });

  it('have round times on their axis, and never too many', () => {
    for (const hours of [0.1, 1, 8, 30, 400]) {
      const ticks = timeTicks(NOW + 1234, NOW + hours * HOUR, 12);
      expect(ticks.length).toBeLessThanOrEqual(13);
      expect(ticks.every((tick) => tick % 60_000 === 0)).toBe(true);
    }
  });
});

describe('a log', () => {
  const event = (kind: string, data: unknown) =>
    eventWords({ id: 1, at: NOW, batchId: 1, jobId: 1, kind, data });

  it('has sentences for what it knows, and fields for the rest', () => {
    expect(event('job', { state: 'failed', worker: 'ferry1', code: 'VERIFY_MISMATCH' })).toBe(
      'Failed on ferry1: VERIFY_MISMATCH',
    );
    expect(event('stuck', { step: 'convert', since: NOW })).toBe('Makes no progress: convert');
    expect(event('new-kind', { a: 1, b: { c: 2 } })).toBe('new-kind: a 1');
    expect(event('job', null)).toBe('job');
  });

  it('is not drowned by one line', () => {
    expect(event('job', { message: 'x'.repeat(1e6) }).length).toBeLessThanOrEqual(2000);
  });
});

describe('addresses', () => {
  it.each([
    '#/',
    '#/batches',
    '#/batches/12',
    '#/batches/12/plan',
    '#/machines/7',
    '#/tokens',
  ])('%s is a place', (hash) => {
    const route = parseRoute(hash);
    expect(route === null ? null : addressOf(route)).toBe(hash);
  });

  it.each([
    '#/batches/x',
    '#/batches/1/2/3',
    '#/../v1',
    '#/machines',
    '#/machines/99999999999999999',
  ])('%s is none', (hash) => {
    expect(parseRoute(hash)).toBeNull();
  });
});
