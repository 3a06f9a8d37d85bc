import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { MIB } from '../../src/model/units.js';
import { writeBigEstate } from '../support/big-estate.js';
import { sha256Of } from '../support/file-facts.js';
import { runCli } from '../support/run-cli.js';
import { startServeCli } from '../support/serve-cli.js';
import { tempFiles } from '../support/temp-files.js';

const { folder } = tempFiles();
const home = join(folder, 'home');
const undisturbed = join(folder, 'undisturbed');
const EVERY_DAY = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

const BATCH = z.object({ id: z.number(), stage: z.string(), counts: z.record(z.string(), z.number()) });
const JOBS = z.object({
  items: z.array(
    z.object({
      id: z.number(),
      machineId: z.string(),
      name: z.string(),
      state: z.string(),
      movedBytes: z.number(),
    }),
  ),
});

/** Slow enough to be stopped in the middle. */
const MIGRATION = stringify({
  version: 1,
  sources: [{ path: 'exports' }],
  fixups: 'off',
  limits: { threads: 1, machinesAtOnce: 1 },
  windows: { always: { days: EVERY_DAY, from: '00:00', to: '00:00' } },
  bandwidth: [{ window: 'always', mibPerSecond: 24 }],
});

beforeAll(async () => {
  const source = join(home, 'exports');
  await mkdir(source, { recursive: true });
  await writeBigEstate(source, [
    { name: 'alpha', disks: [96 * MIB] },
    { name: 'beta', disks: [48 * MIB] },
  ]);
  expect(await runCli(['run', source, '--target', undisturbed, '--fixups', 'off'])).toMatchObject({
    exitCode: 0,
  });
});

/** A service in a process of its own, with what it takes to ask it. */
async function serve() {
  const { process, url, token } = await startServeCli(home);
  const ask = async <T>(schema: z.ZodType<T>, method: string, path: string, body?: object): Promise<T> => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const sent = body === undefined ? null : JSON.stringify(body);
    const answer = await fetch(new URL(path, url), { method, headers, body: sent });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return schema.parse(JSON.parse(text));
  };
  return { process, ask };
}

it('goes on with a batch after SIGTERM and kill -9, obeys orders, and brings the same files', {
  timeout: 120_000,
}, async () => {
  let service = await serve();
  const { id } = await service.ask(BATCH, 'POST', '/v1/batches', {
    name: 'night',
    migration: MIGRATION,
    start: true,
  });
  const jobs = async () => (await service.ask(JOBS, 'GET', `/v1/batches/${id}/jobs`)).items;
  const stateOf = async (name: string) => (await jobs()).find((job) => job.name === name)?.state;
  const stage = async () => (await service.ask(BATCH, 'GET', `/v1/batches/${id}`)).stage;
  const patience = { timeout: 40_000, interval: 200 };

  await expect.poll(() => stateOf('alpha'), patience).toBe('converting');
  await expect
    .poll(async () => (await jobs()).find(({ name }) => name === 'alpha')?.movedBytes, patience)
    .toBeGreaterThan(0);
  service.process.kill('SIGTERM');
  expect(await service.process).toMatchObject({ exitCode: 0 });

  service = await serve();
  expect(await stage()).toBe('running');
  const alpha = (await jobs()).find(({ name }) => name === 'alpha');
  const order = { verb: 'pause', scope: 'machine', subject: alpha?.machineId };
  await service.ask(z.object({ verb: z.literal('pause') }), 'POST', `/v1/batches/${id}/orders`, order);
  await expect.poll(() => stateOf('alpha'), patience).toBe('paused');
  await expect.poll(() => stateOf('beta'), patience).toBe('converting');
  service.process.kill('SIGKILL');
  await service.process;

  service = await serve();
  await expect.poll(() => stateOf('beta'), patience).toBe('done');
  expect(await stateOf('alpha'), 'the pause outlives the process').toBe('paused');
  await service.ask(z.unknown(), 'POST', `/v1/batches/${id}/orders`, { verb: 'resume', scope: 'batch' });
  await expect.poll(stage, patience).toBe('ended');
  expect((await jobs()).map(({ state }) => state)).toEqual(['done', 'done']);
  service.process.kill('SIGTERM');
  await service.process;

  for (const name of ['alpha.xva', 'beta.xva']) {
    expect(await sha256Of(join(home, 'batches', 'night', name))).toBe(
      await sha256Of(join(undisturbed, name)),
    );
  }
});
