import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { digestBlocks } from '../../../../src/conversion/index.js';
import { fileImage } from '../../../../src/images/index.js';
import { BLOCK_BYTES, blockCount } from '../../../../src/model/units.js';
import {
  comparePatch,
  importMachine,
  lockUnstarted,
  patchMachine,
  patchVdi,
  releaseVm,
  TransferSlots,
} from '../../../../src/targets/xapi-pool/index.js';
import { WorkerThreadsPool } from '../../../../src/worker-threads-pool/index.js';
import { runTask } from '../../../../src/xapi/index.js';
import type { SimulatedPool } from '../../../simulators/xapi-pool/index.js';
import { noise } from '../../../support/disk-maker.js';
import { failureOf } from '../../../support/failure.js';
import { CONTENTS, importMaker, storedDisks } from '../../../support/pool-import.js';
import { connected, POOL_PASSWORD, simulatedPool } from '../../../support/simulated-pool.js';
import { tempFiles } from '../../../support/temp-files.js';
import { logIn, POOL_CERTIFICATE } from '../../../support/xapi-caller.js';

const { put } = tempFiles();
const importOf = importMaker(afterAll);
const threads = new WorkerThreadsPool(2);
afterAll(() => threads.close());

const [BOOT = Buffer.alloc(0)] = CONTENTS;
const BLOCKS = blockCount(BOOT.length);

/** A raw disk that is read in two threads. */
function conversionOf(name: string, content: Buffer, allocated: Uint8Array) {
  const source = fileImage('raw', put(name, content).path, content.length);
  return {
    pool: threads,
    source,
    capacityBytes: content.length,
    allocated,
    threads: 2,
    digest: 'xxh64' as const,
  };
}

const ALL = new Uint8Array(BLOCKS).fill(1);

async function imported(pool: SimulatedPool) {
  const client = await connected(pool);
  const work = await importOf(client);
  const { vm, disks } = await importMachine(work);
  return { client, work, vm, disks };
}

describe('blocks of a disk that is in a pool', () => {
  it('are written where they are, zeros too, and no other is touched', async () => {
    const pool = await simulatedPool();
    const { client, work, vm } = await imported(pool);
    const vdi = diskOf(pool, vm);
    const file = pool.vdiFile(vdi);
    const storage = pool.objects.named('SR', 'Local').ref;
    const addresses = work.view.storage.get(storage)?.addresses ?? [];
    const place = {
      slots: new TransferSlots({ perHost: 1, perStorage: 1 }),
      storage,
      addresses,
      signal: work.signal,
    };
    const virtualBytes = BLOCKS * BLOCK_BYTES;
    const block = fc.record({ seed: fc.integer({ min: 0, max: 3 }), changed: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(block, { minLength: BLOCKS, maxLength: BLOCKS }), async (blocks) => {
        const before = readFileSync(file);
        const records = await digestBlocks(conversionOf('before.raw', before, ALL));
        const after = Buffer.alloc(BOOT.length);
        for (const [index, { seed }] of blocks.entries()) {
          if (seed > 0) noise(seed, BLOCK_BYTES).copy(after, index * BLOCK_BYTES);
        }
        const changed = Uint8Array.from(blocks, (one) => Number(one.changed));
        // Read back, they would be no match: they are neither sent nor compared.
        const marked = Buffer.from(before);
        for (const [index, flag] of changed.entries()) {
          if (flag === 0) marked.fill(0x5a, index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES - 512);
        }
        writeFileSync(file, marked);
        const conversion = conversionOf('after.raw', after, changed);
        const patch = {
          vdi,
          virtualBytes,
          place,
          conversion,
          records,
          readBack: 'all' as const,
          name: 'web 0',
        };
        const found = await patchVdi(client, patch);
        await comparePatch(client, patch, found);
        const stored = readFileSync(file);
        const whole = Buffer.from(before);
        for (const [index, flag] of changed.entries()) {
          const [from, to] = [index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES];
          const wanted = flag === 0 ? marked : after;
          expect(
            stored
              .subarray(from, Math.min(to, BOOT.length))
              .equals(wanted.subarray(from, Math.min(to, BOOT.length))),
          ).toBe(true);
          if (flag === 1) after.copy(whole, from, from, to);
        }
        expect(found.digests).toEqual((await digestBlocks(conversionOf('whole.raw', whole, ALL))).digests);
        writeFileSync(file, whole);
      }),
      { numRuns: 12 },
    );
  });

  /** What becomes of a VM whose second block of the first disk is written anew. */
  async function patched(pool: SimulatedPool, onStored: (vdi: string) => void = () => {}) {
    const { client, work, vm, disks } = await imported(pool);
    await releaseVm(client, vm);
    await lockUnstarted(client, vm);
    const contents = CONTENTS.map((content) => Buffer.from(content));
    noise(8, BLOCK_BYTES).copy(contents[0] ?? Buffer.alloc(0), BLOCK_BYTES);
    const outcome = patchMachine({
      ...work,
      vm,
      name: 'web',
      disks: contents.map((content, index) => {
        const changed = new Uint8Array(blockCount(content.length));
        if (index === 0) changed[1] = 1;
        const records = disks[index]?.records;
        if (records === undefined) throw new Error('no records');
        return { ...conversionOf(`disk${index}-new.raw`, content, changed), records };
      }),
      onStored: async () => onStored(pool.vdiFile(diskOf(pool, vm))),
    });
    return { client, vm, contents, outcome };
  }

  it('are compared with what was to be written, and what is left is locked', async () => {
    const pool = await simulatedPool();
    const { client, vm, outcome } = await patched(pool, (file) => {
      const stored = readFileSync(file);
      stored.writeUInt8(stored.readUInt8(BLOCK_BYTES + 7) ^ 1, BLOCK_BYTES + 7);
      writeFileSync(file, stored);
    });
    expect(await failureOf(outcome)).toMatchObject({ code: 'VERIFY_MISMATCH' });
    expect(await failureOf(runTask(client, 'VM.start', [vm, false, false]))).toMatchObject({
      message: expect.stringContaining('OPERATION_BLOCKED'),
    });
  });

  it('are sent again when the upload breaks', async () => {
    const pool = await simulatedPool();
    pool.faults.next('PUT /import_raw_vdi', { kind: 'cut', afterBytes: 1024 * 1024 });
    const { vm, contents, outcome } = await patched(pool);
    expect((await outcome).readBackBytes).toBeGreaterThanOrEqual(BLOCK_BYTES);
    const stored = storedDisks(pool, vm);
    for (const [index, content] of contents.entries()) {
      expect(stored.get(String(index))?.subarray(0, content.length).equals(content)).toBe(true);
    }
  });

  it('are refused of a VM that runs, and of one that has run', async () => {
    const pool = await simulatedPool({ certificate: POOL_CERTIFICATE });
    const { client, vm } = await imported(pool);
    await releaseVm(client, vm);
    await runTask(client, 'VM.start', [vm, false, false]);
    const refused = { code: 'REFIX_REFUSED' };
    expect(await failureOf(lockUnstarted(client, vm))).toMatchObject(refused);
    await (await logIn(pool.url, 'root', POOL_PASSWORD)).call('VM.hard_shutdown', vm);
    expect(await failureOf(lockUnstarted(client, vm))).toMatchObject(refused);
  });
});

function diskOf(pool: SimulatedPool, vm: string): string {
  const vbds = pool.objects.all('VBD');
  return vbds.find((row) => row.text('VM') === vm && row.text('userdevice') === '0')?.text('VDI') ?? '';
}
