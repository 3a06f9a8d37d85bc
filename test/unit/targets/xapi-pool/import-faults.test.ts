import { inspect } from 'node:util';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { ERROR_CATALOG } from '../../../../src/model/error-catalog.js';
import { XenferryError } from '../../../../src/model/errors.js';
import { MIB } from '../../../../src/model/units.js';
import { importMachine, type MachineImport, removeOwned } from '../../../../src/targets/xapi-pool/index.js';
import type { XapiClient } from '../../../../src/xapi/index.js';
import type { Fault, PoolOptions, SimulatedPool } from '../../../simulators/xapi-pool/index.js';
import { CONTENTS, importMaker, storedDisks } from '../../../support/pool-import.js';
import { connected, PATIENCE, simulatedPool, tracesOf } from '../../../support/simulated-pool.js';

const importOf = importMaker(afterAll);

/** Everything in the pool that no import may touch. */
function othersOf({ objects }: SimulatedPool): string[] {
  return ['VM', 'VDI', 'VBD', 'VIF', 'network', 'SR', 'PBD', 'VM_appliance'].flatMap((className) =>
    objects
      .all(className)
      .filter((row) => className === 'VM_appliance' || row.map('other_config')['xenferry:job'] === undefined)
      .filter((row) => className !== 'VBD' || row.text('device') !== 'sm/backend')
      .map((row) => `${className} ${row.text('uuid')}`),
  );
}

/**
 * Imports with whatever is to go wrong; `imported`, or the code it failed with. Whichever it was: a machine that is there
 * is whole and nothing is beside it, and after cleaning up nothing of the job is left and nothing else was touched.
 */
async function outcomeOf(
  pool: SimulatedPool,
  client: XapiClient,
  changes: Partial<MachineImport> = {},
  cleaner = client,
): Promise<string> {
  const others = othersOf(pool);
  let outcome = 'imported';
  try {
    const { vm } = await importMachine(await importOf(client, changes));
    for (const [index, content] of CONTENTS.entries()) {
      const stored = storedDisks(pool, vm).get(String(index));
      expect(stored?.subarray(0, content.length).equals(content)).toBe(true);
    }
    expect(tracesOf(pool).filter((trace) => /^V(M|DI) /.test(trace))).toHaveLength(3);
  } catch (error) {
    if (!(error instanceof XenferryError)) throw error;
    expect(ERROR_CATALOG).toHaveProperty(error.code);
    expect(inspect(error)).not.toMatch(/OpaqueRef|session_id/);
    outcome = error.code;
  }
  pool.faults.clear();
  await pool.settled();
  const { left } = await removeOwned(cleaner, new Set(['job-1']));
  expect([left, tracesOf(pool)]).toEqual([[], []]);
  expect(othersOf(pool)).toEqual(others);
  return outcome;
}

const CALLS = [
  'SR.get_record',
  'VM.create',
  'VM.set_blocked_operations',
  'VM.add_to_other_config',
  'VIF.create',
  'VBD.create',
  'VTPM.create',
  'VM.set_order',
  'Async.VDI.create',
  'VDI.add_to_other_config',
  'task.create',
  'task.get_record',
  'event.from',
] as const;

describe('a call that goes wrong once', () => {
  /** What is sure to be overcome, by the kind of fault; the rest may also end the import. */
  const overcome: readonly (readonly [Fault, readonly string[]])[] = [
    [{ kind: 'booting' }, CALLS],
    [{ kind: 'session-lost' }, CALLS],
    [{ kind: 'failure', code: 'TOO_BUSY' }, CALLS],
    [
      { kind: 'cut' },
      ['SR.get_record', 'VM.set_blocked_operations', 'VM.set_order', 'Async.VDI.create', 'event.from'],
    ],
    [
      { kind: 'answer-lost' },
      ['SR.get_record', 'VM.set_blocked_operations', 'VM.set_order', 'Async.VDI.create', 'event.from'],
    ],
    [
      { kind: 'status', status: 500 },
      ['SR.get_record', 'VM.set_order', 'Async.VDI.create', 'task.get_record'],
    ],
    [{ kind: 'failure', code: 'INTERNAL_ERROR', params: ['Not_found'] }, ['event.from']],
    [{ kind: 'task-lost' }, ['Async.VDI.create']],
  ];

  it.each(overcome)('leaves a whole machine or nothing ($kind)', async (fault, sure) => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    const outcomes: Record<string, string> = {};
    for (const place of CALLS) {
      pool.faults.next(place, fault);
      outcomes[place] = await outcomeOf(pool, client, { readBack: 'none' });
    }
    for (const place of sure) expect(outcomes[place], place).toBe('imported');
  });
});

describe('a disk whose attachment', () => {
  it.each([
    { kind: 'cut' },
    { kind: 'answer-lost' },
    { kind: 'session-lost' },
  ] as const)('is not answered ($kind) is attached once all the same', async (fault) => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    const onStored = async () => pool.faults.next('VBD.create', fault, 1);
    expect(await outcomeOf(pool, client, { onStored })).toBe('imported');
  });
});

const UPLOAD = 'PUT /import_raw_vdi';
const EXPORT = 'GET /export_raw_vdi';
const TWO_HOSTS: PoolOptions = { hosts: [{}, {}] };

describe('a transfer that goes wrong', () => {
  it.each([
    [UPLOAD, { kind: 'cut' }],
    [UPLOAD, { kind: 'cut', afterBytes: 12 }],
    [UPLOAD, { kind: 'cut', afterBytes: 100_000 }],
    [UPLOAD, { kind: 'cut', afterBytes: 2 * MIB + 20 }],
    [UPLOAD, { kind: 'io-error', afterBytes: MIB }],
    [UPLOAD, { kind: 'session-lost', afterBytes: MIB }],
    [UPLOAD, { kind: 'task-lost', afterBytes: MIB }],
    [UPLOAD, { kind: 'slow', delayMs: 50, bytesPerSecond: 50 * MIB }],
    [UPLOAD, { kind: 'status', status: 500 }],
    [UPLOAD, { kind: 'failure', code: 'HOST_STILL_BOOTING' }],
    [UPLOAD, { kind: 'redirect', host: 1 }],
    [EXPORT, { kind: 'cut' }],
    [EXPORT, { kind: 'cut', afterBytes: MIB }],
    [EXPORT, { kind: 'slow', delayMs: 50 }],
    [EXPORT, { kind: 'status', status: 500 }],
    [EXPORT, { kind: 'redirect', host: 1 }],
  ] as const)('once is done anew (%s, %o)', async (place, fault) => {
    const pool = await simulatedPool({ ...TWO_HOSTS, timings: { detachMs: 20 } });
    // Slow enough for a host that lets go of a disk some time after a transfer.
    const client = await connected(pool, { patience: { ...PATIENCE, pauseScale: 0.01 } });
    pool.faults.next(place, fault);
    expect(await outcomeOf(pool, client)).toBe('imported');
  });

  it.each([
    [UPLOAD, { kind: 'cut', afterBytes: MIB }, 'POOL_UPLOAD_FAILED'],
    [UPLOAD, { kind: 'io-error' }, 'POOL_UPLOAD_FAILED'],
    [UPLOAD, { kind: 'task-lost', afterBytes: MIB }, 'POOL_TASK_LOST'],
    [UPLOAD, { kind: 'status', status: 403 }, 'POOL_UNAUTHORIZED'],
    [UPLOAD, { kind: 'redirect', host: 1 }, 'POOL_UPLOAD_FAILED'],
    [UPLOAD, { kind: 'sr-full', afterBytes: MIB }, 'POOL_NO_SPACE'],
    [EXPORT, { kind: 'cut', afterBytes: MIB }, 'POOL_UNREACHABLE'],
    [EXPORT, { kind: 'status', status: 404 }, 'POOL_REFUSED'],
    [EXPORT, { kind: 'redirect', host: 1 }, 'POOL_REFUSED'],
  ] as const)('always ends the import (%s, %o)', async (place, fault, code) => {
    const pool = await simulatedPool(TWO_HOSTS);
    const client = await connected(pool);
    pool.faults.next(place, fault, 100);
    expect(await outcomeOf(pool, client)).toBe(code);
  });

  it('because there is no space for the disk itself ends the import', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    const params = ['', 'There is insufficient space', ''];
    pool.faults.next('Async.VDI.create', { kind: 'failure', code: 'SR_BACKEND_FAILURE_44', params });
    expect(await outcomeOf(pool, client)).toBe('POOL_NO_SPACE');
  });
});

/** Resolves when both disks are on their way: each is attached to the host that writes it. */
async function uploading({ objects }: SimulatedPool): Promise<void> {
  const both = () => objects.all('VBD').filter((vbd) => vbd.text('device') === 'sm/backend').length === 2;
  await vi.waitUntil(both, { interval: 5, timeout: 10_000 });
}

describe('a pool in which', () => {
  it('a member goes down during the uploads is still filled', async () => {
    const pool = await simulatedPool(TWO_HOSTS);
    const client = await connected(pool);
    pool.faults.next(UPLOAD, { kind: 'slow', bytesPerSecond: 20 * MIB }, 2);
    const down = uploading(pool).then(() => pool.hosts[1]?.down());
    expect(await outcomeOf(pool, client)).toBe('imported');
    await down;
  });

  it('another host becomes master during the uploads is still filled', async () => {
    const pool = await simulatedPool(TWO_HOSTS);
    const client = await connected(pool);
    pool.faults.next(UPLOAD, { kind: 'slow', bytesPerSecond: 20 * MIB }, 2);
    const [row] = pool.objects.all('pool');
    const changed = uploading(pool).then(() => row?.set({ master: pool.hosts[1]?.ref ?? '' }));
    expect(await outcomeOf(pool, client)).toBe('imported');
    await changed;
  });

  it('the only host goes down ends the import, and is cleaned when it is back', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    pool.faults.next(UPLOAD, { kind: 'slow', bytesPerSecond: 5 * MIB }, 2);
    const others = othersOf(pool);
    const failed = importMachine(await importOf(client)).then(
      () => 'imported',
      (error: unknown) => (error instanceof XenferryError ? error.code : 'unknown'),
    );
    await uploading(pool);
    await pool.hosts[0]?.down();
    expect(['POOL_UNREACHABLE', 'POOL_UPLOAD_FAILED']).toContain(await failed);
    await pool.hosts[0]?.up();
    pool.faults.clear();
    await pool.settled();
    expect((await removeOwned(await connected(pool), new Set(['job-1']))).left).toEqual([]);
    expect([tracesOf(pool), othersOf(pool)]).toEqual([[], others]);
  });
});

describe('an import that is stopped', () => {
  it('before it began leaves nothing behind', async () => {
    const pool = await simulatedPool();
    expect(await outcomeOf(pool, await connected(pool), { signal: AbortSignal.abort() })).toBe('CANCELED');
  });

  it('while its disks are made leaves nothing behind', async () => {
    const pool = await simulatedPool({ timings: { asyncMs: 100 } });
    const client = await connected(pool);
    const stop = new AbortController();
    const stopped = vi
      .waitUntil(() => pool.objects.all('task').length > 0, { interval: 5, timeout: 10_000 })
      .then(() => stop.abort());
    expect(await outcomeOf(pool, client, { signal: stop.signal })).toBe('CANCELED');
    await stopped;
  });

  it('while its disks are sent leaves nothing behind', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    pool.faults.next(UPLOAD, { kind: 'slow', bytesPerSecond: 10 * MIB }, 2);
    const stop = new AbortController();
    const stopped = uploading(pool).then(() => stop.abort());
    expect(await outcomeOf(pool, client, { signal: stop.signal })).toBe('CANCELED');
    await stopped;
  });
});
