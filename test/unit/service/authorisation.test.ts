import { beforeAll, describe, expect, it } from 'vitest';
import { issueToken, ROLES } from '../../../src/service/index.js';
import { services, type TestService } from '../../support/service.js';

const start = services();
let service: TestService;
/** By role, and what is good for nothing. */
const tokens: Record<string, string> = {};

beforeAll(async () => {
  service = await start({ badTokens: 1000 });
  for (const role of ROLES) {
    tokens[role] = (await issueToken(service.beside, { name: role, role, expiresAt: null })).token;
  }
  const expired = { name: 'expired', role: 'admin', expiresAt: Date.now() - 1 } as const;
  tokens.expired = (await issueToken(service.beside, expired)).token;
  const revoked = await issueToken(service.beside, { name: 'revoked', role: 'admin', expiresAt: null });
  tokens.revoked = revoked.token;
  await service.beside.tokens.remove(revoked.id);
});

const RANKS: readonly string[] = ROLES;

/** The least role of each address, written down by hand: what a route says of itself is not believed. */
const LEAST: Record<string, 'open' | (typeof ROLES)[number]> = {
  'GET /healthz': 'open',
  'GET /readyz': 'open',
  'GET /openapi.json': 'open',
  'GET /metrics': 'viewer',
  'GET /v1/session': 'viewer',
  'GET /v1/overview': 'viewer',
  'GET /v1/workers': 'viewer',
  'GET /v1/profiles': 'viewer',
  'GET /v1/batches': 'viewer',
  'POST /v1/batches': 'operator',
  'GET /v1/batches/:id': 'viewer',
  'DELETE /v1/batches/:id': 'admin',
  'POST /v1/batches/:id/start': 'operator',
  'GET /v1/batches/:id/plan': 'viewer',
  'PUT /v1/batches/:id/migration': 'operator',
  'GET /v1/batches/:id/orders': 'viewer',
  'POST /v1/batches/:id/orders': 'operator',
  'GET /v1/batches/:id/jobs': 'viewer',
  'GET /v1/batches/:id/timeline': 'viewer',
  'GET /v1/batches/:id/report.html': 'viewer',
  'GET /v1/batches/:id/report.json': 'viewer',
  'GET /v1/batches/:id/report.csv': 'viewer',
  'GET /v1/jobs/:id': 'viewer',
  'GET /v1/jobs/:id/log': 'viewer',
  'GET /v1/jobs/:id/rollback': 'operator',
  'POST /v1/jobs/:id/rollback': 'operator',
  'GET /v1/events': 'viewer',
  'GET /v1/schedules': 'viewer',
  'POST /v1/schedules': 'operator',
  'PUT /v1/schedules/:id': 'operator',
  'DELETE /v1/schedules/:id': 'operator',
  'GET /v1/tokens': 'admin',
  'POST /v1/tokens': 'admin',
  'DELETE /v1/tokens/:id': 'admin',
};

describe('the service', () => {
  it('has no address but those whose roles are written down', async () => {
    expect(service.routes.map(({ method, url }) => `${method} ${url}`).sort()).toEqual(
      Object.keys(LEAST).sort(),
    );
  });

  it.each(Object.entries(LEAST))('lets only who may use %s (%s)', async (route, least) => {
    const [method = '', pattern = ''] = route.split(' ');
    const path = pattern.replace(':id', '999999');
    for (const who of ['nobody', 'expired', 'revoked', ...ROLES]) {
      const status = await statusOf(method, path, who === 'nobody' ? null : (tokens[who] ?? ''));
      const rank = RANKS.indexOf(who);
      if (least === 'open') expect([who, status]).toEqual([who, 200]);
      else if (rank === -1) expect([who, status]).toEqual([who, 401]);
      else if (rank < ROLES.indexOf(least)) expect([who, status]).toEqual([who, 403]);
      else expect([401, 403, 500]).not.toContain(status);
    }
  });

  it('takes a token made elsewhere at once, and one that was revoked elsewhere within seconds no more', async () => {
    const { token, id } = await issueToken(service.beside, {
      name: 'guest',
      role: 'viewer',
      expiresAt: null,
    });
    expect((await service.ask('GET', '/v1/session', { token })).json).toMatchObject({ name: 'guest' });
    await service.beside.tokens.remove(id);
    await expect
      .poll(async () => (await service.ask('GET', '/v1/session', { token })).status, { timeout: 5000 })
      .toBe(401);
  });

  it('slows down who guesses tokens, and nobody else', async () => {
    const guesser = await start();
    const statuses: number[] = [];
    for (let guess = 0; guess < 30; guess++) {
      const token = `xenferry_${'x'.repeat(40)}${guess}`;
      statuses.push((await guesser.ask('GET', '/v1/session', { token })).status);
    }
    expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401));
    expect(statuses.slice(20)).toEqual(Array.from({ length: 10 }, () => 429));
    expect((await guesser.ask('GET', '/v1/session')).status).toBe(200);
  });

  it('limits what one token may ask in a minute', async () => {
    const strict = await start({ perToken: 5 });
    const answers = [];
    for (let time = 0; time < 7; time++) answers.push(await strict.ask('GET', '/v1/session'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429]);
    expect(Number(answers[6]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answers[6]?.json).toMatchObject({ code: 'TOO_MANY_REQUESTS', status: 429 });
  });
});

/** Of an answer whose body is not waited for: one of them has no end. */
async function statusOf(method: string, path: string, token: string | null): Promise<number> {
  const stop = new AbortController();
  const answer = await fetch(service.url + path, {
    method,
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    signal: stop.signal,
  });
  stop.abort();
  return answer.status;
}
