import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { ERROR_CATALOG } from '../../src/model/error-catalog.js';
import {
  diskContent,
  extractXva,
  liveMigration,
  liveOutcome,
  planLive,
  powerOf,
  runLive,
} from './live-batch.js';
import { expectSameContent } from './oracles.js';
import { startVcenter, type VcenterFault } from './simulated-vcenter.js';
import { loggedIn } from './vcenter-caller.js';
import { createMachines } from './vcenter-machines.js';

const METHODS = [
  'RetrievePropertiesEx',
  'WaitForUpdatesEx',
  'CreateFilter',
  'CreateSnapshot_Task',
  'RemoveSnapshot_Task',
  'ShutdownGuest',
  'PowerOnVM_Task',
  'ExportVm',
  'ExportSnapshot',
  'HttpNfcLeaseComplete',
  'CreateDescriptor',
  'SearchDatastore_Task',
  'Login',
];

/** Numbers from 0 below 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What goes wrong in a storm; `next` gives numbers from 0 below 1. */
export function faultsOf(next: () => number): VcenterFault[] {
  const below = (count: number) => Math.floor(next() * count);
  return Array.from({ length: 2 + below(4) }, (): VcenterFault => {
    const method = METHODS[below(METHODS.length)] ?? 'Login';
    const often = { skip: below(3), times: 1 + below(3) };
    const transfer = below(2) === 0 ? 'folder' : 'nfc';
    const kinds: readonly VcenterFault[] = [
      { kind: 'hangUp', method, ...often },
      { kind: 'status', method, status: 503, ...often },
      { kind: 'fail', method, fault: 'SystemError', inTask: method.endsWith('_Task'), ...often },
      { kind: 'fail', method, fault: 'NotAuthenticated', ...often },
      { kind: 'cut', transfer, afterBytes: below(400_000), ...often },
      { kind: 'slow', transfer, ms: below(200), ...often },
    ];
    return kinds[below(kinds.length)] ?? { kind: 'clear' };
  });
}

/**
 * Moves a machine cold and copies another while the vCenter fails at random, then again in calm weather. Expects of the
 * first run that each machine arrived, or failed with a code and is as it was at the source once all is swept; of the
 * second that all have arrived whole. Returns how many had arrived at first.
 */
export async function surviveLiveStorm(folder: string, seed: number): Promise<number> {
  const next = random(seed);
  const own = join(folder, `storm-${seed}`);
  mkdirSync(own);
  const vcenter = await startVcenter({ taskDelayMs: 20, leaseTimeoutSeconds: 2 });
  try {
    const caller = await loggedIn(vcenter);
    const running = { running: true, tools: true };
    const machines = await createMachines(vcenter, caller, [
      { name: 'cold', disks: [{ content: diskContent(seed) }], ...running },
      { name: 'copied', disks: [{ content: diskContent(seed + 1) }], ...running },
    ]);
    const live = { read: next() < 0.5 ? 'datastore' : 'export', allow: ['shutDown', 'snapshot'] };
    const rest = { machines: { copied: { move: 'copy' } } };
    const migration = liveMigration({ folder: own, vcenter, target: 'out', live, rest });
    const plan = await planLive(migration);
    await vcenter.fault(...faultsOf(next));
    const storm = runLive(plan).then(
      ({ done }) => done,
      () => 0,
    );
    for (let gust = 0; gust < 3; gust++) {
      await delay(next() * 700);
      await vcenter.fault({ kind: next() < 0.6 ? 'dropSessions' : 'expireLeases' });
    }
    const done = await storm;
    await vcenter.fault({ kind: 'clear' });
    const out = join(own, 'out');
    const first = await liveOutcome(out);
    for (const [name, { state, code }] of Object.entries(first.machines)) {
      if (state !== 'done') expect(Object.keys(ERROR_CATALOG), `${name}, seed ${seed}`).toContain(code);
    }
    const calm = await loggedIn(vcenter);
    const open = first.changes.filter(({ undoneAt, kept }) => undoneAt === null && !kept);
    // Only what is told may be left.
    if (open.length === 0) {
      expect((await vcenter.state()).snapshots, `seed ${seed}`).toEqual([]);
      const isMoved = first.machines.cold?.state === 'done';
      const cold = machines[0]?.ref ?? { type: '', value: '' };
      expect(await powerOf(calm, cold), `seed ${seed}`).toBe(isMoved ? 'poweredOff' : 'poweredOn');
    }
    const again = await runLive(await planLive(migration));
    const outcome = await liveOutcome(out);
    expect(again, `seed ${seed}: ${JSON.stringify(outcome)}`).toMatchObject({
      done: 2,
      failed: 0,
      warnings: [],
    });
    expect((await vcenter.state()).snapshots).toEqual([]);
    for (const { name, ref, disks } of machines) {
      expect(await powerOf(calm, ref)).toBe(name === 'cold' ? 'poweredOff' : 'poweredOn');
      extractXva(join(out, `${name}.xva`), join(own, name));
      const flat = { path: disks[0]?.flatPath ?? '', format: 'raw' };
      await expectSameContent({ path: join(own, name, 'disk0.raw'), format: 'raw' }, flat);
    }
    return done;
  } finally {
    await vcenter.close();
  }
}
