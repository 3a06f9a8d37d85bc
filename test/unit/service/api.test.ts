import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { services, type TestService } from '../../support/service.js';
import { fillLedger } from '../../support/service-ledger.js';

const start = services();
let service: TestService;
let batchId: number;
let jobId: number;

beforeAll(async () => {
  service = await start({ perToken: 1_000_000, badTokens: 1_000_000 });
  ({ batchId, jobId } = await fillLedger(service.beside, service.home, 12));
});

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { responses: Record<string, Response> }>>>>;
}

interface Response {
  readonly content?: Readonly<Record<string, { readonly schema: z.core.JSONSchema.BaseSchema }>>;
}

describe('the interface', () => {
  it('is that of docs/openapi.json', async () => {
    // After a change: `curl URL/openapi.json > docs/openapi.json`, then `npm run format`.
    const written: unknown = JSON.parse(readFileSync('docs/openapi.json', 'utf8'));
    expect((await service.ask('GET', '/openapi.json')).json).toEqual(written);
  });

  it('answers every GET as it says', async () => {
    const { paths } = (await service.ask('GET', '/openapi.json')).json as OpenApi;
    const reads = Object.entries(paths).flatMap(([path, methods]) => {
      const { get } = methods;
      return get === undefined || path === '/v1/events' ? [] : [{ path, responses: get.responses }];
    });
    expect(reads.length).toBeGreaterThan(15);
    for (const { path, responses } of reads) {
      const id = path.startsWith('/v1/jobs') ? jobId : batchId;
      const answer = await service.ask('GET', path.replace('{id}', String(id)));
      expect([path, answer.status]).toEqual([path, 200]);
      const content = responses['200']?.content?.['application/json'];
      if (content === undefined || !path.includes('/')) continue;
      const checked = z.fromJSONSchema(content.schema).safeParse(answer.json);
      if (!path.endsWith('report.json')) expect([path, checked.error]).toEqual([path, undefined]);
    }
  });

  it('answers what it does not know with a problem of the form it says', async () => {
    for (const [method, path, status] of [
      ['GET', '/v1/nothing', 404],
      ['GET', '/v1/batches/999', 404],
      ['GET', '/v1/jobs/0', 400],
      ['PATCH', '/v1/batches', 404],
      ['GET', '/v1/batches?cursor=bm90aGluZw', 400],
    ] as const) {
      const answer = await service.ask(method, path);
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(answer.json).toMatchObject({ status, code: expect.any(String), hint: expect.any(String) });
    }
  });

  it('sends headers that keep browsers from doing harm', async () => {
    const { headers } = await service.ask('GET', '/v1/session');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'self'/);
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.has('strict-transport-security')).toBe(false);
    expect(headers.has('set-cookie')).toBe(false);
    expect(headers.has('access-control-allow-origin')).toBe(false);
  });
});

describe('the list of a batch', () => {
  const names = (json: unknown) => (json as { items: { name: string }[] }).items.map(({ name }) => name);

  it.each(['plan', 'name'])('comes in pages that have each machine once, by %s', async (order) => {
    const found: string[] = [];
    let cursor = '';
    for (let page = 0; page < 10; page++) {
      const answer = await service.ask('GET', `/v1/batches/${batchId}/jobs?limit=5&order=${order}${cursor}`);
      found.push(...names(answer.json));
      const { next } = answer.json as { next: string | null };
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    expect(found).toHaveLength(12);
    expect(new Set(found).size).toBe(12);
    if (order === 'name') expect(found).toEqual(found.toSorted());
  });

  it('has the first to end first, where that is asked for', async () => {
    const all = await service.ask('GET', `/v1/batches/${batchId}/jobs?order=ends&limit=3`);
    const ends = (all.json as { items: { expectedEnd: number }[]; next: string }).items;
    const rest = await service.ask(
      'GET',
      `/v1/batches/${batchId}/jobs?order=ends&cursor=${(all.json as { next: string }).next}`,
    );
    const both = [...ends, ...(rest.json as { items: { expectedEnd: number }[] }).items];
    expect(both.map(({ expectedEnd }) => expectedEnd)).toEqual(
      both.map(({ expectedEnd }) => expectedEnd).toSorted((one, other) => one - other),
    );
    expect(both.length).toBeGreaterThan(3);
  });

  it('takes what is searched for as it is written', async () => {
    const search = async (text: string) =>
      names(
        (await service.ask('GET', `/v1/batches/${batchId}/jobs?search=${encodeURIComponent(text)}`)).json,
      );
    expect(await search('VM0000')).toHaveLength(10);
    expect(await search('%')).toEqual([]);
    expect(await search('_')).toEqual([]);
    expect(await search("' OR 1=1 --")).toEqual([]);
  });
});

describe('whatever is sent', () => {
  const hostile = fc.oneof(
    fc.json(),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constant('{"name":"x","migration":"version: 1\\n'.padEnd(5000, '[')),
    fc.constant(`{"__proto__":{"role":"admin"},"name":"a","role":"viewer"}`),
    fc.constant(`${'['.repeat(20_000)}${']'.repeat(20_000)}`),
  );
  const addresses = fc.constantFrom(
    ['POST', '/v1/batches'],
    ['PUT', '/v1/batches/1/migration'],
    ['POST', '/v1/batches/1/orders'],
    ['POST', '/v1/schedules'],
    ['PUT', '/v1/schedules/1'],
    ['POST', '/v1/tokens'],
  );

  it('is answered with a problem, never with a failure of ours', async () => {
    await fc.assert(
      fc.asyncProperty(addresses, hostile, async ([method = '', path = ''], body) => {
        const answer = await service.ask(method, path, { body });
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
  });

  it('in a query or an address is answered likewise', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 100 }), async (text) => {
        const part = encodeURIComponent(text.toWellFormed());
        for (const path of [
          `/v1/batches/${part}`,
          `/v1/batches?cursor=${part}&limit=${part}`,
          `/v1/events?after=${part}x`,
        ]) {
          const { status } = await service.ask('GET', path);
          expect([path, status < 500]).toEqual([path, true]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is bounded', async () => {
    const body = { name: 'big', migration: 'x'.repeat(4 * 1024 * 1024) };
    expect((await service.ask('POST', '/v1/batches', { body })).json).toMatchObject({
      status: 413,
      code: 'REQUEST_INVALID',
    });
  });

  it('of another kind is not taken', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await service.ask('POST', '/v1/tokens', { body: 'name=x&role=admin', headers });
    expect(answer.status).toBe(415);
  });
});
