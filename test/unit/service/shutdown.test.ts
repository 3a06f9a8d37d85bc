import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/index.js';
import { MIB } from '../../../src/model/units.js';
import { makeEmptyRaw, makeVmdk } from '../../support/disk-maker.js';
import { writeExport } from '../../support/export-maker.js';
import { services, type TestService, Turnstile } from '../../support/service.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const start = services();
const MIGRATION = 'version: 1\nsources: [{path: exports}]\n';

beforeAll(() => makeEmptyRaw(join(folder, 'disk.raw'), 4 * MIB));

async function withExport(service: TestService): Promise<void> {
  const exported = join(service.home, 'exports');
  await writeExport(exported, 'shop', [{ href: 'disk.vmdk', capacityBytes: 4 * MIB }]);
  await makeVmdk(join(folder, 'disk.raw'), join(exported, 'disk.vmdk'), 'streamOptimized');
}

const stageOf = async (service: TestService, id: number) =>
  ((await service.ask('GET', `/v1/batches/${id}`)).json as { stage: string }).stage;

describe('a service that is stopped', () => {
  it('leaves a running batch for the next start, which goes on with it', async () => {
    const first = await start({ run: new Turnstile().run });
    await withExport(first);
    const body = { name: 'night', migration: MIGRATION, start: true };
    const { id } = (await first.ask('POST', '/v1/batches', { body })).json as { id: number };
    await expect.poll(() => first.log.text).toMatch(/batch begins/);
    await first.close();
    expect(first.log.text).toMatch(/batch is left for the next start/);

    const ledger = await Ledger.openForReading({ folder: first.home });
    expect(await ledger.desk.waiting()).toEqual([{ id, stage: 'running' }]);
    await ledger.close();

    const second = await start({ home: first.home });
    expect(second.firstToken).toBeNull();
    await expect.poll(() => stageOf(second, id)).toBe('ended');
  });

  it('says why a batch ended before it began', async () => {
    const service = await start({
      run: () => Promise.reject(new Error('the coordinator broke')),
    });
    await withExport(service);
    const body = { name: 'night', migration: MIGRATION, start: true };
    const { id } = (await service.ask('POST', '/v1/batches', { body })).json as { id: number };
    await expect.poll(() => stageOf(service, id)).toBe('ended');
    const events = await service.beside.events.read({ after: 0, batchId: id, limit: 100 });
    expect(JSON.stringify(events)).toMatch(/INTERNAL/);
  });
});

describe('secrets', () => {
  it('are in no file, log line, answer or metric but the one that issues them', async () => {
    const service = await start({ run: () => Promise.reject(new Error('stopped')) });
    await withExport(service);
    const issue = { name: 'planted', role: 'operator' };
    const { token } = (await service.ask('POST', '/v1/tokens', { body: issue })).json as { token: string };
    const password = 'Planted-Pool-Password';
    process.env.XENFERRY_PLANTED = password;
    const pool = "{url: 'https://127.0.0.1:1', user: root, password: {environment: XENFERRY_PLANTED}}";
    const body = { name: 'pool', migration: `${MIGRATION}target: {pool: ${pool}}\n` };
    const answers = [
      await service.ask('POST', '/v1/batches', { body, token }),
      await service.ask('GET', '/v1/session', { token: `${token}x` }),
      await service.ask('POST', '/v1/batches', {
        body: { name: 'night', migration: MIGRATION, start: true },
        token,
      }),
    ];
    expect(answers[0]?.json).toMatchObject({ status: 502, code: 'POOL_UNREACHABLE' });
    for (const path of ['/v1/tokens', '/v1/overview', '/v1/batches', '/metrics', '/openapi.json']) {
      answers.push(await service.ask('GET', path));
    }
    await service.close();
    const secrets = [token, service.admin, password];
    for (const { text } of answers) for (const secret of secrets) expect(text).not.toContain(secret);
    for (const secret of secrets) expect(service.log.text).not.toContain(secret);
    for (const file of filesBelow(service.home)) {
      const content = readFileSync(file, 'latin1');
      for (const secret of secrets) {
        const isFirst = file === join(service.home, 'admin-token') && secret === service.admin;
        if (!isFirst) expect([file, content.includes(secret)]).toEqual([file, false]);
      }
    }
    expect(statSync(join(service.home, 'admin-token')).mode & 0o777).toBe(0o600);
  });
});

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );
}
