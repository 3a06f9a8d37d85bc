import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Ledger } from '../../src/ledger/index.js';
import { startPool } from '../simulators/xapi-pool/index.js';
import { canMount, tool } from '../support/guest-disks.js';
import { liveMigration, liveOutcome, planLive, runLive } from '../support/live-batch.js';
import { expectSameContent } from '../support/oracles.js';
import { simulatedVcenter } from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn } from '../support/vcenter-caller.js';
import { createMachines } from '../support/vcenter-machines.js';
import { POOL_CERTIFICATE } from '../support/xapi-caller.js';

const SAMPLE = join(import.meta.dirname, '../../samples/estate/web01/web01-disk1.vmdk');
const { folder } = tempFiles();

/** A vCenter with a machine with a system that fixups change, which runs. */
async function guestAtVcenter() {
  const own = mkdtempSync(join(folder, 'case-'));
  const content = join(own, 'web01.img');
  await tool('qemu-img', ['convert', '-O', 'raw', SAMPLE, content]);
  const vcenter = await simulatedVcenter();
  const caller = await loggedIn(vcenter);
  const [web] = await createMachines(vcenter, caller, [
    {
      name: 'web01',
      disks: [{ content }],
      nics: [{}],
      running: true,
      tools: true,
      guestId: 'debian12_64Guest',
    },
  ]);
  const disk = web?.disks[0];
  if (web === undefined || disk === undefined) throw new Error('nothing was made');
  const pool = await startPool({
    certificate: POOL_CERTIFICATE,
    timings: { loginDelayMs: 0 },
    repositories: [{ name: 'Local', type: 'ext', size: 2 ** 40 }],
    networks: ['VM Network'],
  });
  onTestFinished(() => pool.close());
  const run = async (into: 'xl' | 'pool', fixups: 'auto' | 'off') => {
    const live = { allow: ['shutDown'] };
    const place = into === 'xl' ? { into } : { pool };
    return await runLive(
      await planLive(liveMigration({ folder: own, vcenter, target: into, live, ...place, rest: { fixups } })),
    );
  };
  /** Runs that have the machine that was moved mended anew. */
  const refix = async (into: 'xl' | 'pool', fixups: 'auto' | 'off') => {
    const ledger = await Ledger.open({ folder: join(own, into) });
    const { id: batchId = 0 } = (await ledger.latestBatch()) ?? {};
    await ledger.orders.give({ batchId, by: 'test', verb: 'refix', scope: 'batch', subject: '' });
    await ledger.close();
    return await run(into, fixups);
  };
  const outcome = async (into: string) => (await liveOutcome(join(own, into))).machines.web01;
  return { own, vcenter, caller, web, disk, pool, run, refix, outcome };
}

it.skipIf(!canMount)(
  'the guest of a machine that was moved from a vCenter is mended anew as long as it stands there as it was',
  async () => {
    const { own, vcenter, caller, web, disk, pool, run, refix, outcome } = await guestAtVcenter();
    const source = { path: disk.flatPath, format: 'raw' };
    const file = { path: join(own, 'xl', 'web01', 'web01-disk1.raw'), format: 'raw' };
    const inPool = () => {
      const vm = pool.objects.named('VM', 'web01');
      const vbds = pool.objects.all('VBD');
      const vbd = vbds.find((one) => one.text('VM') === vm.ref && one.text('type') === 'Disk');
      return { path: pool.vdiFile(vbd?.text('VDI') ?? ''), format: 'raw' };
    };
    for (const [into, made] of [
      ['xl', () => file],
      ['pool', inPool],
    ] as const) {
      expect(await run(into, 'auto')).toMatchObject({ done: 1 });
      await expect(expectSameContent(made(), source)).rejects.toThrow();
      expect(await refix(into, 'off')).toMatchObject({ done: 1 });
      await expectSameContent(made(), source);
    }
    await caller.task('PowerOnVM_Task', web.ref);
    await refix('pool', 'auto');
    expect(await outcome('pool')).toEqual({ state: 'failed', code: 'REFIX_REFUSED' });
    await vcenter.write('web01', disk.key, 0, Buffer.alloc(512, 'changed'));
    await caller.task('PowerOffVM_Task', web.ref);
    await refix('xl', 'auto');
    expect(await outcome('xl')).toEqual({ state: 'failed', code: 'REFIX_REFUSED' });
  },
  120_000,
);
