import { expect, it } from 'vitest';
import { JobPages } from '../../../src/dashboard/client/job-pages.js';
import type { JobSummary } from '../../../src/dashboard/documents.js';
import { nightJobs } from '../../support/dashboard-night.js';

const NOW = Date.UTC(2026, 10, 24, 1);

function listOf(jobs: JobSummary[]): { pages: JobPages; asked: (string | null)[] } {
  const asked: (string | null)[] = [];
  const pages = new JobPages(async (cursor) => {
    asked.push(cursor);
    const start = Number(cursor ?? 0);
    return {
      items: jobs.slice(start, start + 10),
      next: start + 10 < jobs.length ? String(start + 10) : null,
    };
  });
  return { pages, asked };
}

it('asks for one page at a time, until all are there', async () => {
  const { pages, asked } = listOf(nightJobs(1, 25, NOW));
  await Promise.all([pages.more(), pages.more()]);
  expect(asked).toEqual([null]);
  await pages.more();
  await pages.more();
  await pages.more();
  expect(asked).toEqual([null, '10', '20']);
  expect(pages.complete).toBe(true);
  expect(pages.rows).toHaveLength(25);
});

it('asks again only for what is in view', async () => {
  const jobs = nightJobs(1, 25, NOW);
  const { pages, asked } = listOf(jobs);
  while (!pages.complete) await pages.more();
  const changed = jobs[12];
  if (changed === undefined) throw new Error('too few');
  jobs[12] = { ...changed, state: 'failed' };
  asked.length = 0;
  await pages.refresh(10, 15);
  expect(asked).toEqual(['10']);
  expect(pages.rows[12]?.state).toBe('failed');
});

it('finds machines that came after it had asked', async () => {
  const jobs: JobSummary[] = [];
  const { pages } = listOf(jobs);
  await pages.more();
  expect(pages.rows).toEqual([]);
  jobs.push(...nightJobs(1, 15, NOW));
  await pages.refresh(0, 10);
  expect(pages.rows).toHaveLength(10);
  expect(pages.complete).toBe(false);
  await pages.more();
  expect(pages.rows).toHaveLength(15);
});

it('has each machine once, though it went to another page meanwhile', async () => {
  const jobs = nightJobs(1, 20, NOW);
  const { pages } = listOf(jobs);
  while (!pages.complete) await pages.more();
  jobs.unshift(...jobs.splice(15, 1));
  await pages.refresh(0, 5);
  const ids = pages.rows.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

it('takes progress for the machines that it has', async () => {
  const { pages } = listOf(nightJobs(1, 5, NOW));
  await pages.more();
  const id = pages.rows[3]?.id ?? 0;
  expect(pages.progress({ jobs: [{ id, step: 'verify', movedBytes: 42, bytesPerSecond: 7 }] })).toBe(true);
  expect(pages.rows[3]).toMatchObject({ step: 'verify', movedBytes: 42, bytesPerSecond: 7 });
  expect(pages.progress({ jobs: [{ id: -1, step: 'verify', movedBytes: 0, bytesPerSecond: 0 }] })).toBe(
    false,
  );
});
