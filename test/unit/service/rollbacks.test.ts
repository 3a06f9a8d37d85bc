import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RollbackOutcome, rollBack } from '../../../src/coordinator/index.js';
import { Ledger } from '../../../src/ledger/index.js';
import { XenferryError } from '../../../src/model/errors.js';
import { issueToken } from '../../../src/service/index.js';
import { services, type TestService } from '../../support/service.js';
import { fillLedger, openTables } from '../../support/service-ledger.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const start = services();

const READY: RollbackOutcome = {
  name: 'vm00000',
  machineId: 'vm00000.ovf',
  state: 'ready',
  steps: ['source: start the machine'],
  warnings: ['Its VM is not in the pool any more.'],
  reason: null,
};

/** A service with a batch that has ended, whose machines are taken back by `act`. */
async function withMoved(
  act: typeof rollBack,
): Promise<{ service: TestService; batchId: number; job: string }> {
  const home = mkdtempSync(join(folder, 'home-'));
  const ledger = await Ledger.open({ folder: home });
  const { batchId } = await fillLedger(ledger, home, 6);
  const jobs = await ledger.jobs(batchId);
  await ledger.close();
  const service = await start({ home, rollBack: act });
  return { service, batchId, job: `/v1/jobs/${jobs[0]?.id}` };
}

const logOf = async (service: TestService, job: string) => (await service.ask('GET', `${job}/log`)).text;

describe('a machine of a batch that has ended', () => {
  it('is taken back in the background, and nothing of its batch begins meanwhile', async () => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { service, batchId, job } = await withMoved(async (ledger, { machines, act }) => {
      expect(machines).toEqual(['vm00000.ovf']);
      if (!act) return [READY];
      const [{ id } = { id: 0 }] = await ledger.jobs(batchId);
      await ledger.rollbacks.begin(id);
      await ended;
      await ledger.rollbacks.finish(id, 'Rolled back.');
      return [{ ...READY, state: 'rolledBack' }];
    });
    const prospect = { steps: READY.steps, warnings: READY.warnings, refusal: null };
    expect((await service.ask('GET', `${job}/rollback`)).json).toEqual(prospect);
    const { token } = await issueToken(service.beside, { name: 'olga', role: 'operator', expiresAt: null });
    const begun = await service.ask('POST', `${job}/rollback`, { body: {}, token });
    expect([begun.status, begun.json]).toEqual([202, prospect]);
    await expect
      .poll(async () => (await service.ask('GET', job)).json)
      .toMatchObject({ state: 'rollingBack' });
    for (const [method, path, body] of [
      ['POST', `${job}/rollback`, {}],
      ['POST', `/v1/batches/${batchId}/start`, undefined],
      ['POST', `/v1/batches/${batchId}/orders`, { verb: 'retry', scope: 'batch' }],
      ['DELETE', `/v1/batches/${batchId}`, undefined],
    ] as const) {
      const { status, json } = await service.ask(method, path, { body });
      expect([method, path, status, json]).toMatchObject([method, path, 409, { code: 'BATCH_BUSY' }]);
    }
    end();
    await expect
      .poll(async () => (await service.ask('GET', job)).json)
      .toMatchObject({ state: 'rolledBack' });
    const { rolledBackAt } = (await service.ask('GET', job)).json as { rolledBackAt: number };
    expect(Math.abs(Date.now() - rolledBackAt)).toBeLessThan(60_000);
    expect(await logOf(service, job)).toContain('Rollback ordered by olga');
    const batch = (await service.ask('GET', `/v1/batches/${batchId}`)).json;
    expect(batch).toMatchObject({ counts: { rolledBack: 1, cancelled: 0 }, machines: 6 });
    const named = async (state: string) =>
      ((await service.ask('GET', `/v1/batches/${batchId}/jobs?state=${state}`)).json as { items: object[] })
        .items;
    expect(await named('rolledBack')).toMatchObject([{ name: 'vm00000', state: 'rolledBack' }]);
    expect([await named('cancelled'), await named('rollingBack')]).toEqual([[], []]);
    await expect
      .poll(async () => (await service.ask('POST', `/v1/batches/${batchId}/start`)).status)
      .toBe(202);
  });

  it('is left alone when something stands against it, which the answer or the log says', async () => {
    const { service, job } = await withMoved(async (_ledger, { act, force }) => {
      const late = new XenferryError('ROLLBACK_REFUSED', 'its days are over');
      const busy = new XenferryError('POOL_REFUSED', 'its guest does not shut down');
      const reason = act ? busy : force ? null : late;
      return [{ ...READY, state: reason === null ? 'ready' : 'refused', reason }];
    });
    const refusal = { code: 'ROLLBACK_REFUSED', message: 'its days are over' };
    expect((await service.ask('GET', `${job}/rollback`)).json).toMatchObject({ refusal });
    expect((await service.ask('GET', `${job}/rollback?force=true`)).json).toMatchObject({ refusal: null });
    const refused = await service.ask('POST', `${job}/rollback`, { body: { force: false } });
    expect([refused.status, refused.json]).toMatchObject([422, { code: 'ROLLBACK_REFUSED' }]);
    expect((await service.ask('POST', `${job}/rollback`, { body: { force: true } })).status).toBe(202);
    await expect.poll(() => logOf(service, job)).toContain('its guest does not shut down (POOL_REFUSED)');
    expect((await service.ask('GET', job)).json).toMatchObject({ state: 'done' });
  });

  it('is not taken back while its batch runs', async () => {
    const { service, job } = await withMoved(async () => [READY]);
    const tables = openTables(service.home);
    await tables.updateTable('batches').set({ stage: 'running' }).execute();
    await tables.destroy();
    const ask = (path: string) => service.ask('POST', `${path}/rollback`, { body: {} });
    expect((await ask(job)).json).toMatchObject({ status: 409, code: 'BATCH_BUSY' });
    expect((await ask('/v1/jobs/999999')).json).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });
});
