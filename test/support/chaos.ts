import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { Ledger, type LedgerPlace } from '../../src/ledger/index.js';
import { writeBigEstate } from './big-estate.js';
import { noise } from './disk-maker.js';
import { sha256Of } from './file-facts.js';
import { faultsOfHistory, type JobEvent } from './job-history.js';
import { runCli, startCli } from './run-cli.js';

/** What is killed at random moments, and how often. */
export interface ChaosOptions {
  /** Where everything is put. */
  readonly folder: string;
  readonly place: LedgerPlace;
  readonly kills: number;
  /** Machines run by workers; none: by the coordinator itself. */
  readonly workers: number;
  readonly seed: number;
  /** Guest data of each machine's disk. */
  readonly machineBytes: readonly number[];
}

const LEASE_SECONDS = 2;
const SHORTEST_LIFE = 300;
const LONGEST_LIFE = 3_500;

/**
 * Runs batches, each killed again and again, until there were enough kills. Fails unless each ends complete, with the
 * very bytes of an undisturbed run, and with a history that is sound. Returns how many were killed while they ran.
 */
export async function expectSurvivesChaos(options: ChaosOptions): Promise<number> {
  const { folder, machineBytes, kills, seed } = options;
  const source = join(folder, 'source');
  mkdirSync(source);
  const machines = machineBytes.map((bytes, index) => ({ name: `vm${index}`, disks: [bytes] }));
  await writeBigEstate(source, machines);
  const names = machines.map(({ name }) => `${name}.xva`);
  const undisturbed = join(folder, 'undisturbed');
  expect(await runCli(['run', source, '--target', undisturbed])).toMatchObject({ exitCode: 0 });
  const expected = await digestsOf(undisturbed, names);
  const moments = lives(seed);
  let killed = 0;
  for (let round = 1; killed < kills; round++) {
    const target = join(folder, `round-${round}`);
    killed += await disturbedBatch(options, source, target, moments, kills - killed);
    expect(await digestsOf(target, names), `round ${round}`).toEqual(expected);
    await expectSoundHistory(options.place, target, machines.length);
  }
  return killed;
}

async function disturbedBatch(
  { place, workers, seed }: ChaosOptions,
  source: string,
  target: string,
  moments: Iterator<number>,
  kills: number,
): Promise<number> {
  const store = 'url' in place ? ['--store', place.url] : ['--store', target];
  const startWorker = () =>
    startCli(['worker', ...store, '--slots', '1', '--threads', '1', '--lease', String(LEASE_SECONDS)]);
  const startRun = () =>
    startCli(['run', source, '--target', target, ...store, ...(workers > 0 ? ['--on-workers'] : [])]);
  const pool = Array.from({ length: workers }, startWorker);
  const choices = noise(seed + 77, 4096);
  let run = startRun();
  let killed = 0;
  try {
    for (;;) {
      const result = await Promise.race([run, delay(moments.next().value)]);
      if (result !== undefined) {
        expect(result.exitCode, result.stderr).toBe(0);
        return killed;
      }
      if (killed === kills) continue;
      const victim = (choices[killed % choices.length] ?? 0) % (workers + 1);
      const chosen = victim === workers ? run : pool[victim];
      chosen?.kill('SIGKILL');
      await chosen;
      if (victim === workers) run = startRun();
      else pool[victim] = startWorker();
      killed++;
    }
  } finally {
    for (const one of [run, ...pool]) one.kill('SIGKILL');
    await Promise.all([run, ...pool]);
  }
}

/** Of the latest batch into a target folder. */
export async function expectSoundHistory(
  place: LedgerPlace,
  target: string,
  machines: number,
): Promise<void> {
  const ledger = await Ledger.openForReading('url' in place ? place : { folder: target });
  try {
    const batch = await ledger.latestBatch(target);
    const jobs = await ledger.jobs(batch?.id ?? 0);
    expect(jobs).toHaveLength(machines);
    const events = await ledger.events.read({ after: 0, batchId: batch?.id, limit: 100_000 });
    const history = events.flatMap(({ id, jobId, kind, data }) =>
      kind === 'job' && jobId !== null ? [{ id, jobId, ...(data as Omit<JobEvent, 'id' | 'jobId'>) }] : [],
    );
    expect(
      faultsOfHistory(
        history,
        jobs.map(({ id }) => id),
      ),
    ).toEqual([]);
  } finally {
    await ledger.close();
  }
}

async function digestsOf(folder: string, names: readonly string[]): Promise<string[]> {
  return await Promise.all(names.map((name) => sha256Of(join(folder, name))));
}

/** Milliseconds between kills, the same for the same seed. */
function* lives(seed: number): Generator<number, never> {
  for (let index = 0; ; index++) {
    const fraction = noise(seed + index, 4).readUInt32LE() / 2 ** 32;
    yield SHORTEST_LIFE + Math.round(fraction * (LONGEST_LIFE - SHORTEST_LIFE));
  }
}
