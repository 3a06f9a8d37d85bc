import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DIGEST, type DiskProgress, readWholeDisk } from '../../../src/conversion/index.js';
import { fileImage } from '../../../src/images/index.js';
import { BLOCK_BYTES, blockCount, MIB } from '../../../src/model/units.js';
import { WorkerThreadsPool, withSigns } from '../../../src/worker-threads-pool/index.js';
import { noise } from '../../support/disk-maker.js';
import { failureOf } from '../../support/failure.js';
import { tempFiles } from '../../support/temp-files.js';

const { put } = tempFiles();
const BYTES = 32 * MIB;
const disk = put('disk.raw', noise(1, BYTES));

let pool: WorkerThreadsPool;
beforeEach(() => {
  pool = new WorkerThreadsPool(2);
});
afterEach(() => pool.close());

/** Reads the disk in all threads of the pool. */
async function readDisk(
  allocated: Uint8Array,
  signal?: AbortSignal,
  onProgress?: (progress: DiskProgress) => void,
): Promise<void> {
  const source = fileImage('raw', disk.path, BYTES);
  await readWholeDisk({ pool, source, capacityBytes: BYTES, allocated, threads: 2, signal, onProgress });
}

const ALL = new Uint8Array(blockCount(BYTES)).fill(1);

describe('what threads read', () => {
  it('is no more a second than the gate lets pass, over all disks', async () => {
    pool.gate.limit(32 * MIB);
    const begin = performance.now();
    await Promise.all([readDisk(ALL), readDisk(ALL)]);
    const seconds = (performance.now() - begin) / 1000;
    expect((2 * BYTES - BLOCK_BYTES) / seconds).toBeLessThan(1.15 * 32 * MIB);
  });

  it('costs nothing where a disk has none', async () => {
    pool.gate.limit(0);
    await readDisk(new Uint8Array(ALL.length));
  });

  it('is held back when its file is checked against a manifest, too', async () => {
    pool.gate.limit(0);
    const canceled = new Int32Array(new SharedArrayBuffer(4));
    const expected = { algorithm: 'sha256', hex: '00' } as const;
    const gate = pool.gate.memory;
    const checking = failureOf(pool.run(DIGEST, { range: disk, expected, name: 'disk', canceled, gate }));
    setTimeout(() => Atomics.store(canceled, 0, 1), 600);
    expect((await checking).code).toBe('CANCELED');
  });

  it('goes on when the gate opens', async () => {
    pool.gate.limit(0);
    const reading = readDisk(ALL);
    expect(await Promise.race([reading, new Promise((go) => setTimeout(go, 600, 'waits'))])).toBe('waits');
    pool.gate.limit(null);
    await reading;
  });

  it('can be stopped while it waits', async () => {
    pool.gate.limit(0);
    const stop = new AbortController();
    const reading = failureOf(readDisk(ALL, stop.signal));
    setTimeout(() => stop.abort(), 300);
    expect((await reading).code).toBe('CANCELED');
  });

  it('is told once a second, and at the end', async () => {
    pool.gate.limit(12 * MIB);
    const told: DiskProgress[] = [];
    const begin = performance.now();
    await readDisk(ALL, undefined, (progress) => told.push(progress));
    const seconds = (performance.now() - begin) / 1000;
    expect(told.length).toBeGreaterThan(1);
    expect(told.length).toBeLessThanOrEqual(seconds + 1);
    expect(told[0]?.doneBytes).toBeGreaterThan(0);
    expect(told[0]?.doneBytes).toBeLessThan(BYTES);
    expect(told.at(-1)).toMatchObject({ totalBytes: BYTES, doneBytes: BYTES });
  });

  it('is told to wait for its turn at the gate, and for a thread that it is behind', async () => {
    pool.gate.limit(0);
    const told: Record<'first' | 'second', DiskProgress[]> = { first: [], second: [] };
    const reading = [
      readDisk(ALL, undefined, (progress) => told.first.push(progress)),
      readDisk(ALL, undefined, (progress) => told.second.push(progress)),
    ];
    await vi.waitUntil(() => told.first.length > 2 && told.second.length > 2, 20_000);
    const all = [...told.first, ...told.second];
    expect(all.map(({ doneBytes, waits }) => ({ doneBytes, waits }))).toEqual(
      all.map(() => ({ doneBytes: 0, waits: true })),
    );
    pool.gate.limit(null);
    await Promise.all(reading);
  });

  it('is heard of while a check waits for the gate', async () => {
    pool.gate.limit(0);
    const canceled = new Int32Array(new SharedArrayBuffer(4));
    const expected = { algorithm: 'sha256', hex: '00' } as const;
    const input = { range: disk, expected, name: 'disk', canceled, gate: pool.gate.memory };
    let heard = 0;
    const checking = withSigns(
      () => heard++,
      (signs) => failureOf(pool.run(DIGEST, { ...input, signs })),
    );
    await vi.waitUntil(() => heard > 2, 20_000);
    Atomics.store(canceled, 0, 1);
    await checking;
  });
});
