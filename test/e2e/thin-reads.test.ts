import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { noise } from '../support/disk-maker.js';
import {
  extractXva,
  type LiveMigration,
  liveMigration,
  liveOutcome,
  planLive,
  runLive,
} from '../support/live-batch.js';
import { type SimulatedVcenter, simulatedVcenter, type VcenterFault } from '../support/simulated-vcenter.js';
import { tempFiles } from '../support/temp-files.js';
import { loggedIn } from '../support/vcenter-caller.js';
import { createMachines } from '../support/vcenter-machines.js';
import { poolForDisks } from '../support/vddk-estate.js';

const { folder } = tempFiles();
const DISK_BYTES = 64 * MIB;

/** Bytes of disks that were asked for over /folder. */
async function bytesRead(vcenter: SimulatedVcenter): Promise<number> {
  const ranges = (await vcenter.log())
    .filter(({ call }) => /^GET \/folder\/.*-flat\.vmdk/.test(call))
    .map(({ on }) => /^bytes=(\d+)-(\d+)$/.exec(on));
  return ranges.reduce((sum, range) => sum + Number(range?.[2]) - Number(range?.[1]) + 1, 0);
}

interface Tried {
  readonly changeTracking?: boolean;
  readonly fault?: VcenterFault;
}

/** A running machine with 3 MiB of data on a thin disk. */
async function thinMachine({ changeTracking = true, fault }: Tried = {}) {
  const own = mkdtempSync(join(folder, 'case-'));
  // One area in an answer.
  const vcenter = await simulatedVcenter({ areaCap: 1 });
  const content = Buffer.alloc(DISK_BYTES);
  for (const at of [0, 21 * MIB + 4096, DISK_BYTES - MIB]) noise(at, MIB).copy(content, at);
  await createMachines(vcenter, await loggedIn(vcenter), [
    { name: 'web', disks: [{ content }], running: true, tools: true, shutdownMs: 100, changeTracking },
  ]);
  if (fault !== undefined) await vcenter.fault(fault);
  return { own, vcenter, content, migration: { folder: own, vcenter, target: 'out' } };
}

async function expectDone(migration: LiveMigration): Promise<void> {
  const result = await runLive(await planLive(liveMigration(migration)));
  const outcome = await liveOutcome(join(migration.folder, migration.target));
  expect(result, JSON.stringify(outcome)).toMatchObject({ done: 1, warnings: [] });
}

/** Copies it into an XVA and compares; returns the bytes that were read. */
async function copied(tried: Tried): Promise<number> {
  const { own, vcenter, content, migration } = await thinMachine(tried);
  await expectDone({ ...migration, live: { move: 'copy', allow: ['snapshot'] } });
  extractXva(join(own, 'out', 'web.xva'), join(own, 'web'));
  expect(readFileSync(join(own, 'web', 'disk0.raw')).equals(content)).toBe(true);
  return await bytesRead(vcenter);
}

describe('a thin disk', () => {
  it('is read only where something is allocated, when its changes are tracked', async () => {
    expect(await copied({})).toBeLessThan(12 * MIB);
  });

  it('is so in the first pass of a machine that is moved warm as well', async () => {
    const { vcenter, content, migration } = await thinMachine();
    const { pool, diskOf } = await poolForDisks();
    const live = { move: 'warm', allow: ['snapshot', 'shutDown'], precopy: { passes: 0 } };
    await expectDone({ ...migration, pool, live });
    expect(diskOf('web').subarray(0, DISK_BYTES).equals(content)).toBe(true);
    expect(await bytesRead(vcenter)).toBeLessThan(DISK_BYTES / 2);
  });

  it.each<[string, Tried]>([
    ['nobody tracks its changes', { changeTracking: false }],
    [
      'the list breaks off',
      {
        fault: { kind: 'fail', method: 'QueryChangedDiskAreas', fault: 'FileFault', skip: 1 },
      },
    ],
  ])('is read in full when %s', async (_, how) => {
    expect(await copied(how)).toBeGreaterThanOrEqual(DISK_BYTES);
  });
});
