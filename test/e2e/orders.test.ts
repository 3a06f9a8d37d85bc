import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { MIB } from '../../src/model/units.js';
import { type BigMachine, writeBigEstate } from '../support/big-estate.js';
import { STATUS } from '../support/cli-documents.js';
import { sha256Of, visibleFiles } from '../support/file-facts.js';
import { hasBytes, whenStarted } from '../support/interrupted.js';
import { runCli, runJson, startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const EVERY_DAY = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const MACHINES: readonly BigMachine[] = [
  { name: 'alpha', disks: [192 * MIB] },
  { name: 'beta', disks: [64 * MIB] },
  { name: 'gamma', disks: [64 * MIB] },
];

const { folder } = tempFiles();
const source = join(folder, 'source');

beforeAll(async () => {
  await mkdir(source);
  await writeBigEstate(source, MACHINES);
});

/** One machine at a time, and slow enough to be given orders. */
async function slowMigration(name: string): Promise<string> {
  const file = join(folder, `${name}.yaml`);
  const migration = {
    version: 1,
    sources: [{ path: source }],
    target: { folder: join(folder, name) },
    fixups: 'off',
    limits: { threads: 1, machinesAtOnce: 1 },
    windows: { always: { days: EVERY_DAY, from: '00:00', to: '00:00' } },
    bandwidth: [{ window: 'always', mibPerSecond: 40 }],
  };
  await writeFile(file, stringify(migration));
  return file;
}

async function stateOf(target: string, machine: string): Promise<string | undefined> {
  const { machines } = await runJson(['status', target], STATUS);
  return machines.find(({ name }) => name === machine)?.state;
}

async function untilState(target: string, machine: string, wanted: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if ((await stateOf(target, machine)) === wanted) return;
    await delay(50);
  }
  expect(await stateOf(target, machine)).toBe(wanted);
}

it('pauses one machine, has the others go on, and goes on with it where it stopped', {
  timeout: 90_000,
}, async () => {
  const target = join(folder, 'paused');
  const run = startCli(['run', '-m', await slowMigration('paused')]);
  await whenStarted(run, () => hasBytes(join(target, 'alpha.xva.partial'), 20 * MIB));
  const paused = await runCli(['pause', target, '--machine', 'alpha']);
  expect(paused, paused.stderr).toMatchObject({ exitCode: 0, stdout: 'alpha: paused' });
  await untilState(target, 'gamma', 'done');
  expect(await stateOf(target, 'alpha')).toBe('paused');
  const { machines } = await runJson(['status', target], STATUS);
  expect(machines.find(({ name }) => name === 'alpha')?.safeBytes).toBeGreaterThan(0);
  expect(run.exitCode, 'the run waits for it').toBe(null);
  expect(await runCli(['resume', target])).toMatchObject({ exitCode: 0, stdout: 'all machines: resumed' });
  const { exitCode, stderr } = await run;
  expect(exitCode, stderr).toBe(0);

  const undisturbed = join(folder, 'undisturbed');
  expect(await runCli(['run', source, '--target', undisturbed, '--fixups', 'off'])).toMatchObject({
    exitCode: 0,
  });
  expect(await sha256Of(join(target, 'alpha.xva'))).toBe(await sha256Of(join(undisturbed, 'alpha.xva')));
});

it('cancels a machine with what was made of it, and takes it up again when it is wanted after all', {
  timeout: 90_000,
}, async () => {
  const target = join(folder, 'cancelled');
  const run = startCli(['run', '-m', await slowMigration('cancelled')]);
  await whenStarted(run, () => hasBytes(join(target, 'alpha.xva.partial'), 20 * MIB));
  // Else the run would end before it is wanted again.
  await runCli(['pause', target, '--machine', 'gamma']);
  expect(await runCli(['cancel', target, '--machine', 'alpha'])).toMatchObject({
    exitCode: 0,
    stdout: 'alpha: cancelled',
  });
  await untilState(target, 'alpha', 'cancelled');
  await untilState(target, 'beta', 'done');
  expect(await visibleFiles(target)).toEqual(['beta.xva']);
  await runCli(['retry', target, '--machine', 'alpha']);
  await runCli(['resume', target, '--machine', 'gamma']);
  const { exitCode, stderr } = await run;
  expect(exitCode, stderr).toBe(0);
  expect(await stateOf(target, 'alpha')).toBe('done');
});

it('takes no order for machines that there are not, or where nothing runs', { timeout: 90_000 }, async () => {
  const target = join(folder, 'quiet');
  const run = startCli(['run', '-m', await slowMigration('quiet')]);
  await whenStarted(run, () => hasBytes(join(target, 'alpha.xva.partial'), MIB));
  expect(await runCli(['pause', target, '--machine', 'delta'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('no machine is called delta'),
  });
  expect(await runCli(['pause', target, '--wave', 'second'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('no wave is called second'),
  });
  run.kill('SIGINT');
  await run;
  expect(await runCli(['pause', target])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('nothing runs'),
  });
});
