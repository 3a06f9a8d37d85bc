import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/index.js';
import { MIB } from '../../src/model/units.js';
import { writeBigEstate } from '../support/big-estate.js';
import { postgresPrograms, testPostgres } from '../support/postgres.js';
import { startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const MIB_PER_SECOND = 16;
const MACHINES = Array.from({ length: 6 }, (_, index) => ({ name: `vm${index}`, disks: [64 * MIB] }));
/** What a cap may let through before all know of it (docs/several-machines.md). */
const BEGIN_MS = 1000;

const { folder } = tempFiles();
const programs = postgresPrograms();

it.skipIf(programs === null)('two workers together move no more than the cap', async () => {
  const url = await testPostgres(programs ?? '').newDatabase();
  const at = mkdtempSync(join(folder, 'cap-'));
  const source = join(at, 'source');
  mkdirSync(source);
  await writeBigEstate(source, MACHINES);
  const migration = join(at, 'migration.yaml');
  const days = '[mon, tue, wed, thu, fri, sat, sun]';
  writeFileSync(
    migration,
    `version: 1
sources: [{path: ${source}}]
windows:
  always: {days: ${days}, from: "00:00", to: "00:00", timeZone: UTC}
bandwidth: [{window: always, mibPerSecond: ${MIB_PER_SECOND}}]
`,
  );
  const workers = ['one', 'two'].map((name) =>
    startCli(['worker', '--store', url, '--name', name, '--slots', '2', '--threads', '1']),
  );
  try {
    const run = ['run', '-m', migration, '--target', join(at, 'out'), '--store', url, '--on-workers'];
    const { exitCode, stderr } = await startCli(run);
    expect(exitCode, stderr).toBe(0);
    const ledger = await Ledger.open({ url });
    try {
      const batch = await ledger.latestBatch();
      const jobs = batch === null ? [] : await ledger.jobs(batch.id);
      const steps = (await Promise.all(jobs.map(({ id }) => ledger.steps(id)))).flat();
      const moves = steps.filter(({ name }) => name === 'convert');
      expect(moves).toHaveLength(MACHINES.length);
      const bytes = moves.reduce((sum, step) => sum + step.bytes, 0);
      const began = Math.min(...moves.map((step) => step.started_at));
      const ended = Math.max(...moves.map((step) => step.finished_at ?? 0));
      expect(bytes).toBe(MACHINES.length * 64 * MIB);
      expect(ended - began).toBeGreaterThan((bytes / (MIB_PER_SECOND * MIB)) * 1000 - BEGIN_MS);
      const events = await ledger.events.read({ after: 0, limit: 1000 });
      const owners = events.flatMap(({ data }) =>
        typeof data === 'object' && data !== null && 'worker' in data ? [data.worker] : [],
      );
      expect([...new Set(owners)].sort()).toEqual(['one', 'two']);
    } finally {
      await ledger.close();
    }
  } finally {
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(workers);
  }
});
