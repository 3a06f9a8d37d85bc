import { afterAll, describe, expect, it, vi } from 'vitest';
import { importMachine, type MachineImport } from '../../../../src/targets/xapi-pool/index.js';
import { failureOf } from '../../../support/failure.js';
import { importMaker } from '../../../support/pool-import.js';
import { connected, PATIENCE, simulatedPool, tracesOf } from '../../../support/simulated-pool.js';

const makeImport = importMaker(afterAll);

/** Closes the gate when everything is sent and nothing is read back, or opens it. */
function setGate({ disks }: MachineImport, bytesPerSecond: number | null): void {
  for (const { pool } of disks) pool.gate.limit(bytesPerSecond);
}

describe('an import while nothing may move', () => {
  it('waits with the comparison for longer than a silent host would be waited for', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool, { patience: { ...PATIENCE, idle: 1_000 } });
    const calls = vi.spyOn(client, 'call');
    const work = await makeImport(client, {
      onStored: async () => {
        calls.mockClear();
        setGate(work, 0);
        setTimeout(() => setGate(work, null), 2_000);
      },
    });
    const begin = performance.now();
    const { readBackBytes } = await importMachine(work);
    expect(performance.now() - begin).toBeGreaterThan(2_000);
    expect(readBackBytes).toBeGreaterThan(0);
    const exports = calls.mock.calls.filter(([method]) => method === 'task.create');
    expect(exports).toHaveLength(work.disks.length);
  });

  it('waits no longer than that for a host that is silent by itself', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool, { patience: { ...PATIENCE, idle: 500 } });
    const calls = vi.spyOn(client, 'call');
    pool.faults.next('GET /export_raw_vdi', { kind: 'slow', delayMs: 2_000 });
    const work = await makeImport(client, { onStored: async () => void calls.mockClear() });
    await importMachine(work);
    const exports = calls.mock.calls.filter(([method]) => method === 'task.create');
    expect(exports).toHaveLength(work.disks.length + 1);
  });

  it('can be stopped, and leaves nothing', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    const stop = new AbortController();
    const work = await makeImport(client, {
      signal: stop.signal,
      onStored: async () => {
        setGate(work, 0);
        setTimeout(() => stop.abort(), 300);
      },
    });
    expect((await failureOf(importMachine(work))).code).toBe('CANCELED');
    setGate(work, null);
    expect(tracesOf(pool)).toEqual([]);
  });
});
