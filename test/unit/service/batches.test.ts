import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../../src/model/units.js';
import { makeEmptyRaw, makeVmdk } from '../../support/disk-maker.js';
import { writeExport } from '../../support/export-maker.js';
import { type Answer, services, type TestService, Turnstile } from '../../support/service.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const start = services();
let service: TestService;
const turnstile = new Turnstile();

beforeAll(async () => {
  service = await start({ run: turnstile.run });
  await makeEmptyRaw(join(folder, 'disk.raw'), 4 * MIB);
  for (const name of ['shop', 'shop-db', 'gate']) {
    const exported = join(service.home, 'exports', name);
    await writeExport(exported, name, [{ href: 'disk.vmdk', capacityBytes: 4 * MIB }]);
    await makeVmdk(join(folder, 'disk.raw'), join(exported, 'disk.vmdk'), 'streamOptimized');
  }
});

const migration = (path: string, more = '') =>
  `version: 1\nsources: [{path: ${JSON.stringify(path)}}]\n${more}`;
const post = (name: string, text: string, more: object = {}, headers = {}) =>
  service.ask('POST', '/v1/batches', { body: { name, migration: text, ...more }, headers });
const stageOf = async (id: number) =>
  ((await service.ask('GET', `/v1/batches/${id}`)).json as { stage: string }).stage;
const idOf = ({ json }: Answer) => (json as { id: number }).id;

describe('a batch', () => {
  it('is planned, edited, started, ended and removed', async () => {
    const made = await post('night one', migration('exports/shop'));
    expect([made.status, made.json]).toMatchObject([
      201,
      { name: 'night one', stage: 'draft', startedAt: null },
    ]);
    const id = idOf(made);
    const plan = (await service.ask('GET', `/v1/batches/${id}/plan`)).json;
    expect(plan).toMatchObject({ machines: [{ sourceName: 'shop', skipped: false }], blocked: false });

    const edited = await service.ask('PUT', `/v1/batches/${id}/migration`, {
      body: { migration: migration('exports', 'exclude: [{name: gate}]') },
    });
    const names = (edited.json as { machines: { sourceName: string; skipped: boolean }[] }).machines;
    expect(names.map(({ sourceName, skipped }) => [sourceName, skipped]).sort()).toEqual([
      ['gate', true],
      ['shop', false],
      ['shop-db', false],
    ]);

    expect((await service.ask('POST', `/v1/batches/${id}/start`)).status).toBe(202);
    await expect.poll(() => stageOf(id)).toBe('running');
    expect((await service.ask('DELETE', `/v1/batches/${id}`)).json).toMatchObject({ code: 'BATCH_BUSY' });
    const again = await service.ask('PUT', `/v1/batches/${id}/migration`, {
      body: { migration: migration('.') },
    });
    expect(again.json).toMatchObject({ status: 409, code: 'BATCH_BUSY' });
    turnstile.release();
    await expect.poll(() => stageOf(id)).toBe('ended');
    expect((await service.ask('DELETE', `/v1/batches/${id}`)).status).toBe(204);
    expect((await service.ask('GET', `/v1/batches/${id}`)).status).toBe(404);
  });

  it('of the same sources into the same target is the same, and one at a time', async () => {
    const first = await post('twice', migration('exports/gate'), { start: true });
    await expect.poll(() => stageOf(idOf(first))).toBe('running');
    expect((await post('twice', migration('exports/gate'))).json).toMatchObject({ code: 'BATCH_BUSY' });
    turnstile.release();
    await expect.poll(() => stageOf(idOf(first))).toBe('ended');
    const second = await post('twice', migration('exports/gate'));
    expect([idOf(second), second.json]).toMatchObject([idOf(first), { stage: 'draft' }]);
  });

  it('whose plan has changed since it was looked at is held, says what is different, and runs once that is accepted', async () => {
    const own = join(service.home, 'changing');
    const exported = async (name: string) => {
      await writeExport(join(own, name), name, [{ href: 'disk.vmdk', capacityBytes: 4 * MIB }]);
      await makeVmdk(join(folder, 'disk.raw'), join(own, name, 'disk.vmdk'), 'streamOptimized');
    };
    await exported('old');
    const id = idOf(await post('changing', migration('changing')));
    await exported('new');
    expect((await service.ask('POST', `/v1/batches/${id}/start`)).status).toBe(202);
    const changes = async () => {
      const { json } = await service.ask('GET', `/v1/batches/${id}/plan`);
      const { concerns } = json as { concerns: { id: string; message: string }[] };
      return concerns.flatMap((one) => (one.id === 'PLAN_CHANGED' ? [one.message] : []));
    };
    await expect.poll(changes).toEqual(['since the plan was looked at: new was not in it']);
    await expect.poll(() => stageOf(id)).toBe('draft');
    expect((await service.ask('POST', `/v1/batches/${id}/start`)).status).toBe(202);
    await expect.poll(() => stageOf(id)).toBe('running');
    turnstile.release();
    await expect.poll(() => stageOf(id)).toBe('ended');
    expect(await changes()).toEqual([]);
  });

  it('that stands against its own plan is not started', async () => {
    // Nothing there that could be moved.
    mkdirSync(join(service.home, 'empty'), { recursive: true });
    const made = await post('empty', migration('empty'), { start: true });
    expect([422, 201]).toContain(made.status);
    if (made.status === 422)
      expect(made.json).toMatchObject({ code: expect.stringMatching(/^(PLAN|SOURCE)_/) });
  });

  it('waits for the one that runs, and is cancelled while it waits', async () => {
    const first = await post('first', migration('exports/shop'), { start: true });
    await expect.poll(() => stageOf(idOf(first))).toBe('running');
    const second = await post('second', migration('exports/gate'), { start: true });
    expect(await stageOf(idOf(second))).toBe('queued');
    const order = await service.ask('POST', `/v1/batches/${idOf(second)}/orders`, {
      body: { verb: 'cancel', scope: 'batch' },
    });
    expect([order.status, order.json]).toMatchObject([202, { verb: 'cancel', obeyedAt: expect.any(Number) }]);
    expect(await stageOf(idOf(second))).toBe('ended');
    turnstile.release();
    await expect.poll(() => stageOf(idOf(first))).toBe('ended');
    const retry = await service.ask('POST', `/v1/batches/${idOf(second)}/orders`, {
      body: { verb: 'retry', scope: 'batch' },
    });
    expect(retry.json).toMatchObject({ givenBy: 'first', obeyedAt: null });
    await expect.poll(() => stageOf(idOf(second))).toBe('running');
    turnstile.release();
    await expect.poll(() => stageOf(idOf(second))).toBe('ended');
    const orders = await service.ask('GET', `/v1/batches/${idOf(second)}/orders?limit=1`);
    expect(orders.json).toMatchObject({ items: [{ verb: 'retry' }], next: expect.any(String) });
  });
});

describe('an Idempotency-Key', () => {
  it('has the same request answered again and not carried out again', async () => {
    const key = { 'idempotency-key': 'night-of-the-7th' };
    const first = await post('keyed', migration('exports/shop-db'), {}, key);
    const again = await post('keyed', migration('exports/shop-db'), {}, key);
    expect([again.status, again.text]).toEqual([first.status, first.text]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await post('another', migration('exports/shop-db'), {}, key);
    expect([other.status, other.json]).toMatchObject([409, { code: 'IDEMPOTENCY_KEY_REUSED' }]);
  });

  it('lets one of two at the same time through', async () => {
    const key = { 'idempotency-key': 'both' };
    const answers = await Promise.all([0, 1].map(() => post('both', migration('exports/shop-db'), {}, key)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  it('is not taken where the answer is secret', async () => {
    const body = { name: 'keyed', role: 'viewer' };
    const answer = await service.ask('POST', '/v1/tokens', { body, headers: { 'idempotency-key': 'k' } });
    expect(answer.json).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
  });
});

describe('a path in a migration', () => {
  const outside = mkdtempSync(join(folder, 'outside-'));
  beforeAll(async () => {
    writeFileSync(join(outside, 'secret'), 'secret');
    mkdirSync(join(service.home, 'links'), { recursive: true });
    rmSync(join(service.home, 'links', 'out'), { force: true });
    symlinkSync(outside, join(service.home, 'links', 'out'));
  });

  it.each([
    ['a source elsewhere', () => migration(outside)],
    ['a source above', () => migration('exports/../../..')],
    ['a source behind a link', () => migration('links/out')],
    ['the ledger', () => migration('.xenferry')],
    ['a list elsewhere', () => migration('exports', `select: [{list: ${outside}/secret}]`)],
    ['rules elsewhere', () => migration('exports', `rules: [${outside}/secret]`)],
    ['a target elsewhere', () => migration('exports', `target: {folder: ${outside}/new}`)],
    ['a target behind a link', () => migration('exports', 'target: {folder: links/out/new/newer}')],
    ['tools elsewhere', () => migration('exports', `guests: {tools: ${outside}}`)],
    ['a key elsewhere', () => migration('exports', `guests: {luksKeys: [{file: ${outside}/secret}]}`)],
    [
      'a variable of the service',
      () => migration('exports', 'guests: {luksKeys: [{environment: PGPASSWORD}]}'),
    ],
    ['the first token', () => migration('exports', poolWith('file: admin-token'))],
    ['a password elsewhere', () => migration('exports', poolWith(`file: ${outside}/secret`))],
  ])('may not be %s', async (_what, text) => {
    const answer = await post('escape', text());
    expect([answer.status, answer.json]).toMatchObject([403, { code: 'PATH_NOT_ALLOWED' }]);
    expect((await service.ask('GET', '/v1/batches')).text).not.toContain('escape');
  });

  function poolWith(password: string): string {
    return `target: {pool: {url: 'https://127.0.0.1:1', user: root, password: {${password}}}}`;
  }
});
