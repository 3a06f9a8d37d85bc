import { once } from 'node:events';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/index.js';
import { postgresPrograms, testPostgres } from '../../support/postgres.js';
import { newTarget } from '../../support/stores.js';
import { tempFiles } from '../../support/temp-files.js';

const programs = postgresPrograms();
const { folder } = tempFiles();

describe.skipIf(programs === null)('a ledger in PostgreSQL', () => {
  const postgres = testPostgres(programs ?? '');

  it('goes on after its connections were lost, and after the server died', async () => {
    const url = await postgres.newDatabase();
    const ledger = await Ledger.open({ url });
    const { workers } = ledger;
    await workers.signIn({ name: 'w', threads: 1, slots: 1 });
    await postgres.dropConnections(url);
    await workers.signIn({ name: 'v', threads: 1, slots: 1 });
    const died = postgres.crash();
    const [all] = await Promise.all([workers.all(), died]);
    expect(all.map(({ name }) => name)).toEqual(['v', 'w']);
    await ledger.close();
  });

  it('tells who holds a target that it is lost with its connection', async () => {
    const url = await postgres.newDatabase();
    const target = newTarget(folder);
    const ledger = await Ledger.open({ url });
    const { lost } = await ledger.lockTarget(target);
    const told = once(lost, 'abort');
    await postgres.dropConnections(url);
    await told;
    expect(lost.reason).toMatchObject({ code: 'LEDGER_UNREACHABLE' });
    await (await ledger.lockTarget(target)).release();
    await ledger.close();
  });

  it('is made once by several that come at the same time', async () => {
    const url = await postgres.newDatabase();
    const ledgers = await Promise.all(Array.from({ length: 4 }, () => Ledger.open({ url })));
    const identities = await Promise.all(ledgers.map((ledger) => ledger.identity()));
    expect(new Set(identities).size).toBe(1);
    await Promise.all(ledgers.map((ledger) => ledger.close()));
  });

  it('leaves the tables of others alone, whatever they are called', async () => {
    const url = await postgres.newDatabase();
    const client = new pg.Client(url);
    await client.connect();
    await client.query('CREATE TABLE jobs (id text); CREATE TABLE guests (outcome text)');
    const ledger = await Ledger.open({ url });
    const batch = await ledger.beginBatch({ sources: 's', target: '/t', destination: '{}' });
    expect(await ledger.jobs(batch)).toEqual([]);
    await ledger.close();
    expect((await client.query('SELECT * FROM public.jobs')).fields.map(({ name }) => name)).toEqual(['id']);
    await client.end();
  });

  it('says so when it is not let in', async () => {
    const url = await postgres.newDatabase();
    const nobody = url.replace('postgres@', 'nobody:secr3t@');
    const error: unknown = await Ledger.open({ url: nobody }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'LEDGER_UNAUTHORIZED' });
    expect(JSON.stringify(error) + String(error)).not.toContain('secr3t');
  });
});
