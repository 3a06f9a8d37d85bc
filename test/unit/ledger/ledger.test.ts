import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/index.js';
import { XenferryError } from '../../../src/model/errors.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const newTarget = () => mkdtempSync(join(folder, 'target-'));
const spec = (machineId: string, fingerprint = 'a') => ({
  machineId,
  planned: '{}',
  fingerprint,
  name: machineId,
  wave: 'all',
  dataBytes: 0,
});

async function withLedger<T>(target: string, use: (ledger: Ledger) => Promise<T>): Promise<T> {
  const ledger = await Ledger.open(target);
  try {
    return await use(ledger);
  } finally {
    await ledger.close();
  }
}

const records = (bits: number[]) => ({
  unitBits: Uint8Array.from(bits),
  digests: BigUint64Array.from(bits, (bit, block) => (bit === 0 ? 0n : 2n ** 63n + BigInt(block))),
  sha256: Uint8Array.from({ length: bits.length * 32 }, (_, at) => at % 251),
});

describe('a ledger', () => {
  it('has a known job go on, starts a changed one afresh and drops those that left the plan', async () => {
    const target = newTarget();
    await withLedger(target, async (ledger) => {
      const batch = await ledger.beginBatch({ sources: 's', target, destination: '{}' });
      await ledger.enlist(batch, [spec('same'), spec('changed'), spec('gone')]);
      for (const { id } of await ledger.jobs(batch)) {
        await ledger.setState(id, 'converting');
        await ledger.blockJournal(id, 0).append(0, records([1, 1]));
      }
    });
    await withLedger(target, async (ledger) => {
      const batch = await ledger.beginBatch({ sources: 's', target, destination: '{}' });
      await ledger.enlist(batch, [spec('new'), spec('changed', 'b'), spec('same')]);
      const jobs = await ledger.jobs(batch);
      expect(jobs.map(({ machineId, state }) => [machineId, state])).toEqual([
        ['new', 'planned'],
        ['changed', 'planned'],
        ['same', 'converting'],
      ]);
      const safe = await Promise.all(jobs.map(({ id }) => ledger.journaledDataBlocks(id)));
      expect(safe).toEqual([0, 0, 2]);
    });
  });

  it('gives back the journal of a disk up to the first gap', async () => {
    const target = newTarget();
    await withLedger(target, async (ledger) => {
      const batch = await ledger.beginBatch({ sources: 's', target, destination: '{}' });
      await ledger.enlist(batch, [spec('m')]);
      const [job] = await ledger.jobs(batch);
      const journal = ledger.blockJournal(job?.id ?? 0, 1);
      await journal.append(0, records([1, 0]));
      await journal.append(2, records([3]));
      await journal.append(9, records([1]));
      const { unitBits, digests, sha256 } = await journal.load();
      expect([...unitBits]).toEqual([1, 0, 3]);
      expect(Buffer.from(sha256 ?? [])).toEqual(
        Buffer.concat([records([1, 0]).sha256, records([3]).sha256].map((part) => Buffer.from(part))),
      );
      expect([...digests]).toEqual([2n ** 63n, 0n, 2n ** 63n]);
    });
  });

  it('belongs to one process at a time', async () => {
    const target = newTarget();
    await withLedger(target, async () => {
      await expect(Ledger.open(target)).rejects.toMatchObject({ code: 'TARGET_BUSY' });
    });
    await withLedger(target, async (ledger) => expect(await ledger.latestBatch()).toBeNull());
  });

  it('keeps an error without its stack', async () => {
    const target = newTarget();
    await withLedger(target, async (ledger) => {
      const batch = await ledger.beginBatch({ sources: 's', target, destination: '{}' });
      await ledger.enlist(batch, [spec('m')]);
      const [job] = await ledger.jobs(batch);
      await ledger.failJob(
        job?.id ?? 0,
        new XenferryError('VMDK_TRUNCATED', 'cut', { file: 'a.vmdk', offset: 7 }),
      );
      const [failed] = await ledger.jobs(batch);
      expect(failed).toMatchObject({
        state: 'failed',
        error: { code: 'VMDK_TRUNCATED', message: 'cut', place: { file: 'a.vmdk', offset: 7 } },
      });
      expect(JSON.stringify(failed)).not.toContain('stack');
    });
  });

  it('counts the time of a killed run and not the time between two finished ones', async () => {
    const target = newTarget();
    await withLedger(target, async (ledger) => {
      const batch = await ledger.beginBatch({ sources: 's', target, destination: '{}' });
      const started = (await ledger.latestBatch())?.startedAt;
      await new Promise((resolve) => setTimeout(resolve, 5));
      await ledger.beginBatch({ sources: 's', target, destination: '{}' });
      expect((await ledger.latestBatch())?.startedAt).toBe(started);
      await ledger.finishBatch(batch);
      await ledger.beginBatch({ sources: 's', target, destination: '{}' });
      expect((await ledger.latestBatch())?.startedAt).toBeGreaterThan(started ?? 0);
    });
  });
});
