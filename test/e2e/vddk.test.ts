import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
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
import { simulatedVddk } from '../support/simulated-vddk.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn } from '../support/vcenter-caller.js';
import { createMachines, type MachineSpec } from '../support/vcenter-machines.js';

const { folder } = tempFiles();
const OWN = '<name>mine</name><memory>false</memory><quiesce>false</quiesce>';

async function estate(specs: readonly MachineSpec[]) {
  const own = mkdtempSync(join(folder, 'case-'));
  const vcenter = await simulatedVcenter({ hostsPerCluster: 2 });
  const caller = await loggedIn(vcenter);
  const machines = await createMachines(vcenter, caller, specs);
  const vddk = simulatedVddk(vcenter, own);
  return {
    own,
    out: join(own, 'out'),
    vcenter,
    caller,
    machines,
    migration: (live: object, rest: object = {}) =>
      liveMigration({ folder: own, vcenter, target: 'out', live: { read: 'vddk', vddk, ...live }, rest }),
  };
}

describe('a machine that is read through VDDK', () => {
  it('is moved cold as it was', async () => {
    const { own, out, vcenter, machines, migration } = await estate([
      { name: 'off', disks: [{ content: diskContent(1) }, { content: diskContent(2, 3), controller: 'sata' }] },
      { name: 'on', disks: [{ content: diskContent(3) }], running: true, tools: true },
    ]);
    const result = await runLive(await planLive(migration({ allow: ['shutDown'] })));
    expect(result, JSON.stringify(await liveOutcome(out))).toMatchObject({ done: 2, failed: 0, warnings: [] });
    for (const { name, disks } of machines) {
      await expectGoodXva(join(out, `${name}.xva`));
      extractXva(join(out, `${name}.xva`), join(own, name));
      for (const [index, { flatPath }] of disks.entries()) {
        const made = { path: join(own, name, `disk${index}.raw`), format: 'raw' };
        await expectSameContent(made, { path: flatPath, format: 'raw' });
      }
    }
    const calls = (await vcenter.log()).map(({ call }) => call);
    expect(calls.filter((call) => call.startsWith('GET /folder'))).toEqual([]);
    expect(calls).toContain('VDDK open');
  });
});
