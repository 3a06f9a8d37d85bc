import { mkdtempSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { startPool } from '../simulators/xapi-pool/index.js';
import { noise } from '../support/disk-maker.js';
import {
  diskContent,
  extractXva,
  guestWrites,
  liveMigration,
  liveOutcome,
  planLive,
  powerOf,
  runLive,
} from '../support/live-batch.js';
import { expectGoodXva, expectSameContent } from '../support/oracles.js';
import { simulatedVcenter } from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn } from '../support/vcenter-caller.js';
import { createMachines, type MachineSpec } from '../support/vcenter-machines.js';
import { POOL_CERTIFICATE } from '../support/xapi-caller.js';

const { folder } = tempFiles();

const SPECS: readonly MachineSpec[] = [
  { name: 'off', disks: [{ content: diskContent(1) }, { content: diskContent(2, 3), controller: 'sata' }] },
  { name: 'on', disks: [{ content: diskContent(3) }], nics: [{}], running: true, tools: true },
];

/** A vCenter with a machine that is off and one that runs. */
async function estate(specs: readonly MachineSpec[] = SPECS) {
  const own = mkdtempSync(join(folder, 'case-'));
  const vcenter = await simulatedVcenter({ hostsPerCluster: 2 });
  const caller = await loggedIn(vcenter);
  const machines = await createMachines(vcenter, caller, specs);
  const of = (name: string) => {
    const machine = machines.find((one) => one.name === name);
    if (machine === undefined) throw new Error(`no machine ${name}`);
    return machine;
  };
  return { own, vcenter, caller, machines, of };
}

describe.each(['datastore', 'export'] as const)('a machine of a vCenter, read by %s,', (read) => {
  it('is moved cold into files as it was, shut down if it ran', async () => {
    const { own, vcenter, caller, machines, of } = await estate();
    const live = { read, allow: ['shutDown'] };
    const plan = await planLive(liveMigration({ folder: own, vcenter, target: 'out', live }));
    expect(await runLive(plan)).toMatchObject({ done: 2, failed: 0, warnings: [] });
    for (const { name, disks } of machines) {
      await expectGoodXva(join(own, 'out', `${name}.xva`));
      extractXva(join(own, 'out', `${name}.xva`), join(own, name));
      for (const [index, { flatPath }] of disks.entries()) {
        const made = { path: join(own, name, `disk${index}.raw`), format: 'raw' };
        await expectSameContent(made, { path: flatPath, format: 'raw' });
      }
    }
    expect(await powerOf(caller, of('on').ref)).toBe('poweredOff');
    const { changes } = await liveOutcome(join(own, 'out'));
    expect(changes.map(({ kind, kept }) => [kind, kept])).toEqual([['shutDown', true]]);
    expect((await vcenter.state()).snapshots).toEqual([]);
  });

  it('is copied into a pool as it was at one moment, while it goes on running', async () => {
    const content = [diskContent(3), diskContent(5)];
    const { own, vcenter, caller, of } = await estate([
      { name: 'plain', disks: [{ content: content[0] ?? '' }], running: true },
      { name: 'kept', disks: [{ content: content[1] ?? '' }], running: true, tools: true },
    ]);
    const what = '<name>mine</name><memory>false</memory><quiesce>false</quiesce>';
    await caller.task('CreateSnapshot_Task', of('kept').ref, what);
    const pool = await startPool({
      certificate: POOL_CERTIFICATE,
      timings: { loginDelayMs: 0 },
      repositories: [{ name: 'Local', type: 'ext', size: 2 ** 40 }],
      networks: ['VM Network'],
    });
    onTestFinished(() => pool.close());
    const live = { read, move: 'copy', allow: ['snapshot'] };
    const plan = await planLive(liveMigration({ folder: own, vcenter, target: 'out', pool, live }));
    const writes = ['plain', 'kept'].map((name) => guestWrites(vcenter, name, { key: 2000, bytes: 5 * MIB }));
    const result = await runLive(plan);
    for (const one of writes) await one.end();
    expect(result, JSON.stringify(await liveOutcome(join(own, 'out')))).toMatchObject({
      done: 2,
      warnings: [],
    });
    for (const [index, name] of ['plain', 'kept'].entries()) {
      const vm = pool.objects.named('VM', name);
      const vbd = pool.objects
        .all('VBD')
        .find((one) => one.text('VM') === vm.ref && one.text('type') === 'Disk');
      const arrived = await readFile(pool.vdiFile(vbd?.text('VDI') ?? ''));
      expect(writes[index]?.areAtOneMoment(content[index] ?? Buffer.alloc(0), arrived), name).toBe(true);
      expect(await powerOf(caller, of(name).ref)).toBe('poweredOn');
    }
    expect((await vcenter.state()).snapshots.map(({ name }) => name)).toEqual(['mine']);
    const { changes } = await liveOutcome(join(own, 'out'));
    expect(changes.map(({ kind, kept, undoneAt }) => [kind, kept, undoneAt === null])).toEqual(
      Array(2).fill(['snapshot', false, false]),
    );
  });

  it('is moved cold into a pool as it was when it had shut down, and never runs twice', async () => {
    const content = diskContent(9);
    const { own, vcenter, caller, of } = await estate([
      { name: 'on', disks: [{ content }], running: true, tools: true },
    ]);
    const pool = await startPool({
      certificate: POOL_CERTIFICATE,
      timings: { loginDelayMs: 0 },
      repositories: [{ name: 'Local', type: 'ext', size: 2 ** 40 }],
    });
    onTestFinished(() => pool.close());
    const live = { read, allow: ['shutDown'] };
    const plan = await planLive(liveMigration({ folder: own, vcenter, target: 'out', pool, live }));
    // What it writes after the plan was made is moved as well.
    const written = noise(11, 65_536);
    await vcenter.write('on', 2000, 2 * MIB, written);
    written.copy(content, 2 * MIB);
    expect(await runLive(plan)).toMatchObject({ done: 1, warnings: [] });
    const vm = pool.objects.named('VM', 'on');
    const vbds = pool.objects.all('VBD').filter((one) => one.text('VM') === vm.ref);
    const vdi = vbds.find((one) => one.text('type') === 'Disk')?.text('VDI') ?? '';
    const arrived = await readFile(pool.vdiFile(vdi));
    expect(arrived.subarray(0, content.length).equals(content)).toBe(true);
    expect([vm.text('power_state'), await powerOf(caller, of('on').ref)]).toEqual(['Halted', 'poweredOff']);
    const { changes } = await liveOutcome(join(own, 'out'));
    expect(changes.map(({ kind, kept }) => [kind, kept])).toEqual([['shutDown', true]]);
  });

  it('becomes a folder for XenCenter that holds the same, snapshots of its own or not', async () => {
    const { own, vcenter, caller, of } = await estate([
      { name: 'off', disks: [{ content: diskContent(7) }] },
    ]);
    const what = '<name>mine</name><memory>false</memory><quiesce>false</quiesce>';
    await caller.task('CreateSnapshot_Task', of('off').ref, what);
    const plan = await planLive(
      liveMigration({ folder: own, vcenter, target: 'out', into: 'vhd', live: { read } }),
    );
    expect(await runLive(plan)).toMatchObject({ done: 1 });
    const vhd = join(own, 'out', 'off', 'off-disk1.vhd');
    expect(await readdir(join(own, 'out', 'off'))).toContain('off-disk1.vhd');
    await expectSameContent(
      { path: vhd, format: 'vpc' },
      { path: of('off').disks[0]?.flatPath ?? '', format: 'raw' },
    );
    expect((await vcenter.state()).snapshots.map(({ name }) => name)).toEqual(['mine']);
    expect(await readFile(join(own, 'out', 'evidence', 'off.ovf'), 'utf8')).toContain('<Envelope');
  });
});
