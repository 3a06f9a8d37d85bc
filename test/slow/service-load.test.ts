import { expect, it } from 'vitest';
import { measureLoad } from '../support/service-load.js';

it('answers 50 dashboards with 10,000 jobs in less than 100 ms, 99 times of 100', async () => {
  const result = await measureLoad({ jobs: 10_000, clients: 50, seconds: 30, pauseMs: 1000 });
  console.table(result);
  for (const [view, { p99 }] of Object.entries(result)) expect([view, p99 < 100]).toEqual([view, true]);
});
