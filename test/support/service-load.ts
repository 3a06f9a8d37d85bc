import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { Ledger } from '../../src/ledger/index.js';
import { type ServeCost, type ServeProcess, startServe } from './serve-process.js';
import { fillLedger, keepNightMoving } from './service-ledger.js';

/** What clients of a dashboard ask for, over and over. */
const VIEWS = ['overview', 'list', 'next page', 'search', 'detail'] as const;
export type View = (typeof VIEWS)[number];

export interface LoadOptions {
  /** Path of the bundled command. */
  readonly program: string;
  readonly jobs: number;
  readonly clients: number;
  readonly seconds: number;
  /** Between the requests of one client. */
  readonly pauseMs: number;
}

export interface LoadResult {
  /** Milliseconds: the slowest of a hundred, and the one in the middle. */
  readonly views: Readonly<
    Record<View, { readonly p50: number; readonly p99: number; readonly times: number }>
  >;
  /** What the service spent on a request, all else that it did included. */
  readonly cpuMs: number;
  /** How late its event loop was, of a hundred times the worst, in milliseconds: the middle of twenty spans. */
  readonly loopDelayP99: number;
  /** MiB: the middle of what was seen in the second quarter of the time, and in the last. */
  readonly resident: { readonly early: number; readonly late: number };
}

const LOOKS = 20;

/** Has clients, each with an open stream of events, look at a service that shows a moving night. */
export async function measureLoad(options: LoadOptions): Promise<LoadResult> {
  const { program, jobs, clients, seconds } = options;
  const home = mkdtempSync(join(tmpdir(), 'xenferry-load-'));
  try {
    const ledger = await Ledger.open({ folder: home });
    const { batchId, jobId } = await fillLedger(ledger, home, jobs);
    await ledger.close();
    const service = await startServe(program, home);
    const night = keepNightMoving(home, batchId);
    const dispatcher = new Agent({ connections: clients * 2 });
    try {
      const paths: Record<View, string> = {
        overview: '/v1/overview',
        list: `/v1/batches/${batchId}/jobs?limit=100`,
        'next page': `/v1/batches/${batchId}/jobs?limit=100&cursor=${cursorAt(jobs / 2)}`,
        search: `/v1/batches/${batchId}/jobs?limit=100&search=${jobs - 1}`,
        detail: `/v1/jobs/${jobId}`,
      };
      for (const path of Object.values(paths)) await ask(service, path, dispatcher);
      const before = await service.cost();
      const load = look(service, paths, options, dispatcher);
      const costs: ServeCost[] = [];
      for (let seen = 0; seen < LOOKS; seen++) {
        await sleep((seconds * 1000) / LOOKS);
        costs.push(await service.cost());
      }
      const times = await load;
      const { cpuSeconds } = await service.cost();
      const requests = Object.values(times).reduce((sum, { length }) => sum + length, 0);
      const resident = costs.map(({ residentMiB }) => residentMiB);
      return {
        views: {
          overview: summary(times.overview),
          list: summary(times.list),
          'next page': summary(times['next page']),
          search: summary(times.search),
          detail: summary(times.detail),
        },
        cpuMs: ((cpuSeconds - before.cpuSeconds) * 1000) / requests,
        loopDelayP99: middle(costs.map(({ loopDelayP99 }) => loopDelayP99)),
        resident: {
          early: middle(resident.slice(LOOKS / 4, LOOKS / 2)),
          late: middle(resident.slice(-LOOKS / 4)),
        },
      };
    } finally {
      await dispatcher.destroy();
      await night.end();
      await service.stop();
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

type Times = Record<View, number[]>;

async function look(
  service: ServeProcess,
  paths: Readonly<Record<View, string>>,
  { clients, seconds, pauseMs }: LoadOptions,
  dispatcher: Agent,
): Promise<Times> {
  const times: Times = { overview: [], list: [], 'next page': [], search: [], detail: [] };
  const end = Date.now() + seconds * 1000;
  const client = async (number: number) => {
    // Dashboards are not opened all at the same moment.
    await sleep((number / clients) * pauseMs * 2);
    const { url, headers } = service;
    const stream = await request(`${url}/v1/events`, { headers, dispatcher });
    stream.body.on('error', () => {}).resume();
    for (let turn = number; Date.now() < end; turn++) {
      const view = VIEWS[turn % VIEWS.length] ?? 'list';
      const begun = performance.now();
      await ask(service, paths[view], dispatcher);
      times[view].push(performance.now() - begun);
      await sleep(pauseMs * (0.5 + Math.random()));
    }
    stream.body.destroy();
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  return times;
}

async function ask({ url, headers }: ServeProcess, path: string, dispatcher: Agent): Promise<void> {
  const { statusCode, body } = await request(url + path, { headers, dispatcher });
  await body.arrayBuffer();
  if (statusCode !== 200) throw new Error(`${path}: ${statusCode}`);
}

function cursorAt(position: number): string {
  return Buffer.from(JSON.stringify([Math.floor(position)])).toString('base64url');
}

function summary(times: readonly number[]): { p50: number; p99: number; times: number } {
  return { p50: at(times, 0.5), p99: at(times, 0.99), times: times.length };
}

function middle(values: readonly number[]): number {
  return at(values, 0.5);
}

function at(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
