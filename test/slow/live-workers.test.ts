import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/index.js';
import { expectSoundHistory } from '../support/chaos.js';
import { whenStarted } from '../support/interrupted.js';
import { diskContent, liveMigration } from '../support/live-batch.js';
import { postgresPrograms, testPostgres } from '../support/postgres.js';
import { startCli } from '../support/run-cli.js';
import { simulatedVcenter } from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn } from '../support/vcenter-caller.js';
import { createMachines } from '../support/vcenter-machines.js';

const { folder } = tempFiles();
const programs = postgresPrograms();
const MACHINES = 10;

describe.skipIf(programs === null)('workers at a vCenter', () => {
  const postgres = testPostgres(programs ?? '');

  it('read at most eight disks of a host together, also after one of them was killed', {
    timeout: 120_000,
  }, async () => {
    const vcenter = await simulatedVcenter({ clusters: 0, standaloneHosts: 1 });
    const specs = Array.from({ length: MACHINES }, (_, index) => ({
      name: `vm${index}`,
      disks: [{ content: diskContent(10 * index, 2) }],
    }));
    await createMachines(vcenter, await loggedIn(vcenter), specs);
    await vcenter.fault({ kind: 'slow', transfer: 'folder', bytesPerSecond: 500_000, times: -1 });
    const migration = liveMigration({
      folder,
      vcenter,
      target: 'out',
      rest: { limits: { machinesPerHost: MACHINES, machinesPerDatastore: MACHINES } },
    });
    const url = await postgres.newDatabase();
    const startWorker = (name: string) =>
      startCli(
        ['worker', '--store', url, '--name', name, '--slots', String(MACHINES)].concat([
          '--threads',
          '4',
          '--lease',
          '2',
        ]),
      );
    const [doomed, other] = [startWorker('doomed'), startWorker('other')];
    const atOnce = String(MACHINES);
    const run = startCli(
      ['run', '-m', migration, '--store', url, '--on-workers'].concat([
        '--parallel',
        atOnce,
        '--workers',
        atOnce,
      ]),
    );
    const ledger = await Ledger.open({ url });
    try {
      await whenStarted(run, () => readsBy(ledger, 'doomed'));
      doomed.kill('SIGKILL');
      const { exitCode, stderr } = await run;
      expect(exitCode, stderr).toBe(0);
    } finally {
      await ledger.close();
      for (const one of [doomed, other, run]) one.kill('SIGKILL');
      await Promise.all([doomed, other, run]);
    }
    const largest = Object.values((await vcenter.state()).hosts).map(({ largestDisks }) => largestDisks);
    expect(Math.max(...largest)).toBeLessThanOrEqual(8);
    expect(Math.max(...largest)).toBeGreaterThan(3);
    await expectSoundHistory({ url }, join(folder, 'out'), MACHINES);
  });
});

/** Whether a worker reads disks now. */
async function readsBy(ledger: Ledger, worker: string): Promise<boolean> {
  const batch = await ledger.latestBatch();
  const jobs = batch === null ? [] : await ledger.views.jobs(batch.id, {}, { by: 'plan', after: null }, 100);
  return jobs.some((job) => job.worker === worker && job.state === 'converting');
}
