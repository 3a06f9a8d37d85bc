import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerSchema } from '../../../src/ledger/index.js';
import { issueToken } from '../../../src/service/index.js';
import { services, type TestService } from '../../support/service.js';
import { fillLedger, openTables } from '../../support/service-ledger.js';

const start = services();
let service: TestService;
let tables: Kysely<LedgerSchema>;
let batchId: number;
let jobId: number;
const open: AbortController[] = [];

beforeAll(async () => {
  service = await start({ badTokens: 1000 });
  ({ batchId, jobId } = await fillLedger(service.beside, service.home, 6));
  tables = openTables(service.home);
});
afterAll(async () => {
  for (const stream of open) stream.abort();
  await tables.destroy();
});

async function happen(text: string, batch: number | null = batchId): Promise<number> {
  const event = {
    at: Date.now(),
    batch_id: batch,
    job_id: null,
    kind: 'trouble',
    data: JSON.stringify({ text }),
  } as const;
  const { id } = await tables.insertInto('events').values(event).returning('id').executeTakeFirstOrThrow();
  return id;
}

interface Stream {
  readonly texts: () => string[];
  readonly ids: () => number[];
  readonly raw: () => string;
  readonly ended: () => boolean;
  readonly stop: () => void;
}

/** Reads events as they come, as a browser's fetch would. */
async function listen(
  query = '',
  headers: Record<string, string> = {},
  token = service.admin,
): Promise<Stream> {
  const stop = new AbortController();
  open.push(stop);
  const answer = await fetch(`${service.url}/v1/events${query}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: stop.signal,
  });
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  let raw = '';
  let ended = false;
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) raw += decoder.decode(chunk, { stream: true });
  };
  read()
    .catch(() => {})
    .finally(() => {
      ended = true;
    });
  return {
    raw: () => raw,
    texts: () => [...raw.matchAll(/"text":"([^"]*)"/g)].map(([, text = '']) => text),
    ids: () => [...raw.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)),
    ended: () => ended,
    stop: () => stop.abort(),
  };
}

describe('the stream of events', () => {
  it('tells what happens from now on, once and in order', async () => {
    await happen('long ago');
    const stream = await listen();
    await expect.poll(() => stream.raw()).toMatch(/retry:/);
    for (const text of ['one', 'two', 'three']) await happen(text);
    await expect.poll(stream.texts, { timeout: 5000 }).toEqual(['one', 'two', 'three']);
  });

  it('goes on after the event that a client knows, without a gap and without telling anything twice', async () => {
    const first = await listen();
    await expect.poll(() => first.raw()).toMatch(/retry:/);
    const known = await happen('known');
    await expect.poll(first.ids, { timeout: 5000 }).toContain(known);
    first.stop();
    const missed = [];
    for (let number = 0; number < 1200; number++) missed.push(await happen(`missed ${number}`));
    const second = await listen('', { 'last-event-id': String(known) });
    const live = [await happen('live')];
    await expect.poll(() => second.ids().length, { timeout: 10_000 }).toBe(missed.length + live.length);
    expect(second.ids()).toEqual([...missed, ...live]);
  });

  it('of a batch has nothing of others', async () => {
    const stream = await listen(`?batch=${batchId}`);
    await expect.poll(() => stream.raw()).toMatch(/retry:/);
    await happen('of none', null);
    await happen('of mine');
    await expect.poll(stream.texts, { timeout: 5000 }).toEqual(['of mine']);
  });

  it('tells progress without numbers, as often as once a second at most', async () => {
    const stream = await listen();
    await expect.poll(() => stream.raw()).toMatch(/retry:/);
    const until = Date.now() + 3000;
    let moved = 0;
    while (Date.now() < until) {
      moved += 1;
      await tables
        .updateTable('progress')
        .set({ moved_bytes: moved, at: Date.now() })
        .where('job_id', '=', jobId)
        .execute();
    }
    const told = stream.raw().match(/event: progress/g) ?? [];
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(told.length).toBeLessThanOrEqual(4);
    expect(stream.ids()).toEqual([]);
  });

  it('costs one look at the ledger, however many follow', async () => {
    const streams = [];
    for (let number = 0; number < 50; number++) streams.push(await listen());
    await happen('for all');
    for (const stream of streams) await expect.poll(stream.texts, { timeout: 5000 }).toEqual(['for all']);
    for (const stream of streams) stream.stop();
  });

  it('ends when its token is revoked', { timeout: 40_000 }, async () => {
    const { id, token } = await issueToken(service.beside, {
      name: 'brief',
      role: 'viewer',
      expiresAt: null,
    });
    const stream = await listen('', {}, token);
    await service.ask('DELETE', `/v1/tokens/${id}`);
    await expect.poll(stream.ended, { timeout: 20_000 }).toBe(true);
  });

  it('ends with the service', async () => {
    const other = await start();
    const answer = await fetch(`${other.url}/v1/events`, {
      headers: { authorization: `Bearer ${other.admin}` },
    });
    await other.close();
    await expect(answer.text()).resolves.toMatch(/retry/);
  });
});
