import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { noise } from '../support/disk-maker.js';
import { extractXva, liveMigration, liveOutcome, planLive, runLive } from '../support/live-batch.js';
import { expectSameContent } from '../support/oracles.js';
import { type SimulatedVcenter, simulatedVcenter, type VcenterFault } from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn } from '../support/vcenter-caller.js';
import { createMachines } from '../support/vcenter-machines.js';

const { folder } = tempFiles();
const DISK_BYTES = 64 * MIB;

/** Bytes of disks that were asked for over /folder. */
async function bytesRead(vcenter: SimulatedVcenter): Promise<number> {
  const ranges = (await vcenter.log())
    .filter(({ call }) => /^GET \/folder\/.*-flat\.vmdk/.test(call))
    .map(({ on }) => /^bytes=(\d+)-(\d+)$/.exec(on));
  return ranges.reduce((sum, range) => sum + Number(range?.[2]) - Number(range?.[1]) + 1, 0);
}

/** A thin disk of a running machine with 3 MiB of data in it, copied into an XVA. */
async function copied({ changeTracking, fault }: { changeTracking: boolean; fault?: VcenterFault }) {
  const own = mkdtempSync(join(folder, 'case-'));
  const vcenter = await simulatedVcenter({ areaCap: 1 });
  const content = Buffer.alloc(DISK_BYTES);
  for (const [at, bytes] of [
    [0, MIB],
    [21 * MIB + 4096, MIB],
    [DISK_BYTES - MIB, MIB],
  ] as const)
    noise(at, bytes).copy(content, at);
  const [web] = await createMachines(vcenter, await loggedIn(vcenter), [
    { name: 'web', disks: [{ content }], running: true, tools: true, changeTracking },
  ]);
  if (fault !== undefined) await vcenter.fault(fault);
  const live = { move: 'copy', allow: ['snapshot'] };
  const plan = await planLive(liveMigration({ folder: own, vcenter, target: 'out', live }));
  const result = await runLive(plan);
  expect(result, JSON.stringify(await liveOutcome(join(own, 'out')))).toMatchObject({
    done: 1,
    warnings: [],
  });
  extractXva(join(own, 'out', 'web.xva'), join(own, 'web'));
  const made = { path: join(own, 'web', 'disk0.raw'), format: 'raw' };
  await expectSameContent(made, { path: web?.disks[0]?.flatPath ?? '', format: 'raw' });
  return await bytesRead(vcenter);
}

describe('a thin disk of a machine that is copied', () => {
  it('is read only where something is allocated, when its changes are tracked', async () => {
    expect(await copied({ changeTracking: true })).toBeLessThan(12 * MIB);
  });

  it.each<[string, Parameters<typeof copied>[0]]>([
    ['nobody tracks its changes', { changeTracking: false }],
    [
      'the server has no list',
      {
        changeTracking: true,
        fault: { kind: 'fail', method: 'QueryChangedDiskAreas', fault: 'FileFault', times: -1 },
      },
    ],
    [
      'the list breaks off',
      {
        changeTracking: true,
        fault: { kind: 'fail', method: 'QueryChangedDiskAreas', fault: 'FileFault', skip: 1 },
      },
    ],
  ])('is read in full when %s', async (_, how) => {
    expect(await copied(how)).toBeGreaterThanOrEqual(DISK_BYTES);
  });
});
