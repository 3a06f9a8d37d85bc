import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Agent, fetch } from 'undici';
import { Ledger } from '../../src/ledger/index.js';
import { startService } from '../../src/service/index.js';
import { fillLedger } from './service-ledger.js';

/** What clients of a dashboard ask for, over and over. */
const VIEWS = ['overview', 'list', 'next page', 'search', 'detail'] as const;
export type View = (typeof VIEWS)[number];

export interface LoadOptions {
  readonly jobs: number;
  readonly clients: number;
  readonly seconds: number;
  /** Between the requests of one client. */
  readonly pauseMs: number;
}

/** Milliseconds by view: the slowest of a hundred, and the one in the middle. */
export type LoadResult = Readonly<
  Record<View, { readonly p50: number; readonly p99: number; readonly times: number }>
>;

/** Has clients, each with an open stream of events, look at a service with a filled ledger. */
export async function measureLoad({ jobs, clients, seconds, pauseMs }: LoadOptions): Promise<LoadResult> {
  const home = mkdtempSync(join(tmpdir(), 'xenferry-load-'));
  const logTo = new Writable({ write: (_chunk, _encoding, done) => done() });
  const service = await startService({
    home,
    version: '0.0.0',
    host: '127.0.0.1',
    port: 0,
    tls: null,
    allowedFolders: [],
    batchesAtOnce: 1,
    openMetrics: false,
    dashboard: join(home, 'none'),
    logTo,
    perToken: 1_000_000,
    run: async () => {},
  });
  try {
    const token = (await readFile(join(home, 'admin-token'), 'utf8')).trim();
    const ledger = await Ledger.openForReading({ folder: home });
    const { batchId, jobId } = await fillLedger(ledger, home, jobs);
    await ledger.close();
    const paths: Record<View, string> = {
      overview: '/v1/overview',
      list: `/v1/batches/${batchId}/jobs?limit=100`,
      'next page': `/v1/batches/${batchId}/jobs?limit=100&cursor=${cursorAt(jobs / 2)}`,
      search: `/v1/batches/${batchId}/jobs?limit=100&search=${jobs - 1}`,
      detail: `/v1/jobs/${jobId}`,
    };
    const dispatcher = new Agent({ connections: clients * 2 });
    const headers = { authorization: `Bearer ${token}` };
    const times: Record<View, number[]> = { overview: [], list: [], 'next page': [], search: [], detail: [] };
    for (const path of Object.values(paths))
      await (await fetch(service.url + path, { headers })).arrayBuffer();
    const end = Date.now() + seconds * 1000;
    const client = async (number: number) => {
      // Dashboards are not opened all at the same moment.
      await new Promise((resolve) => setTimeout(resolve, (number / clients) * pauseMs * 2));
      const stop = new AbortController();
      const stream = await fetch(`${service.url}/v1/events`, { headers, dispatcher, signal: stop.signal });
      for (let turn = number; Date.now() < end; turn++) {
        const view = VIEWS[turn % VIEWS.length] ?? 'list';
        const begun = performance.now();
        const answer = await fetch(service.url + paths[view], { headers, dispatcher });
        await answer.arrayBuffer();
        if (answer.status !== 200) throw new Error(`${paths[view]}: ${answer.status}`);
        times[view].push(performance.now() - begun);
        await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random())));
      }
      stop.abort();
      await stream.body?.cancel().catch(() => {});
    };
    await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
    await dispatcher.destroy();
    return {
      overview: summary(times.overview),
      list: summary(times.list),
      'next page': summary(times['next page']),
      search: summary(times.search),
      detail: summary(times.detail),
    };
  } finally {
    await service.close();
    rmSync(home, { recursive: true, force: true });
  }
}

function cursorAt(position: number): string {
  return Buffer.from(JSON.stringify([Math.floor(position)])).toString('base64url');
}

function summary(times: readonly number[]): { p50: number; p99: number; times: number } {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), times: sorted.length };
}
