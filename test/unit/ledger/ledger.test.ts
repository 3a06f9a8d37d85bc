import { mkdirSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isToUndo, Ledger, type LedgerPlace } from '../../../src/ledger/index.js';
import { XenferryError } from '../../../src/model/errors.js';
import { newTarget, testStores } from '../../support/stores.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const spec = (machineId: string, fingerprint = 'a') => ({
  machineId,
  planned: '{}',
  fingerprint,
  name: machineId,
  wave: 'all',
  dataBytes: 3 * 2 ** 40,
});

async function withLedger<T>(place: LedgerPlace, use: (ledger: Ledger) => Promise<T>): Promise<T> {
  const ledger = await Ledger.open(place);
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

const newBatch = (ledger: Ledger, target: string, sources = 's') =>
  ledger.beginBatch({ sources, target, destination: '{}' });

/** A batch of one machine, and its job. */
async function oneJob(ledger: Ledger, target: string): Promise<{ batch: number; id: number }> {
  const batch = await newBatch(ledger, target);
  await ledger.enlist(batch, [spec('m')]);
  return { batch, id: (await ledger.jobs(batch))[0]?.id ?? 0 };
}

describe.each(testStores())('a ledger in $name', ({ name, newPlace }) => {
  const newOne = async () => {
    const target = newTarget(folder);
    return { target, place: await newPlace(target) };
  };

  it('knows how far a machine is that is moved while it runs, until it starts afresh', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const { batch, id } = await oneJob(ledger, target);
      const { warm } = await ledger.claim(id, 'w');
      const disk = { vdi: 'v', storage: 's', virtualBytes: 2 ** 42, changeId: 'c/1', uncompared: null };
      await warm.endPass(await warm.beginPass('first'), 7, [
        { ...disk, mended: null, records: records([1, 0, 1]) },
      ]);
      await warm.beginPass('changes');
      await warm.expectMended(['[[1,1]]']);
      await warm.compared();
      await warm.waitForCutover();
      expect(await ledger.warmMoves.keptDisks(batch)).toEqual(new Set(['v']));
      expect(await ledger.warmMoves.cutoversOf(batch)).toMatchObject([{ jobId: id, downAt: null }]);
    });
    await withLedger(place, async (ledger) => {
      const { batch, id } = await oneJob(ledger, target);
      expect(await ledger.warmMoves.awaitsCutover(id)).toBe(true);
      const held = await ledger.claim(id, 'w');
      expect(await held.warm.disks()).toEqual([
        {
          disk: 0,
          vdi: 'v',
          storage: 's',
          virtualBytes: 2 ** 42,
          changeId: 'c/1',
          uncompared: '[]',
          mended: '[[1,1]]',
        },
      ]);
      expect((await held.blockJournal(0).load()).unitBits).toEqual(Uint8Array.of(1, 0, 1));
      await held.warm.distrust(0);
      expect(await held.warm.disks()).toMatchObject([{ changeId: null }]);
      await held.warm.beginCutover(5_000);
      await held.warm.endCutover();
      const [cutover] = await ledger.warmMoves.cutoversOf(batch);
      expect(cutover).toMatchObject({ downAt: 5_000, readyAt: expect.any(Number) });
      expect(await ledger.warmMoves.passesOf(batch)).toMatchObject([
        { pass: 1, kind: 'first', bytes: 7, endedAt: expect.any(Number) },
        { pass: 2, kind: 'changes', endedAt: null },
      ]);
      await held.reset();
      expect(await held.warm.disks()).toEqual([]);
      expect(await ledger.warmMoves.passesOf(batch)).toEqual([]);
      expect(await ledger.warmMoves.onTheirWay(batch)).toEqual(new Set());
    });
  });

  it('has a known job go on, starts a changed one afresh and drops those that left the plan', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const batch = await newBatch(ledger, target);
      await ledger.enlist(batch, [spec('same'), spec('changed'), spec('gone')]);
      for (const { id } of await ledger.jobs(batch)) {
        const held = await ledger.claim(id, 'w');
        await held.setState('converting');
        await held.blockJournal(0).append(0, records([1, 1]));
      }
    });
    await withLedger(place, async (ledger) => {
      const batch = await newBatch(ledger, target);
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

  it('knows what is to be undone at a source, whatever becomes of the job', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const batch = await newBatch(ledger, target);
      await ledger.enlist(batch, [spec('changed'), spec('moved'), spec('undone')]);
      const changes = ledger.sourceChanges;
      for (const { id: jobId } of await ledger.jobs(batch)) {
        await changes.begin({ jobId, kind: 'snapshot', before: '{}' });
        await changes.made(await changes.begin({ jobId, kind: 'shutDown', before: '{}' }));
      }
      const [, moved, undone] = (await ledger.jobs(batch)).map(({ id }) => id);
      await changes.keep(moved ?? 0, ['shutDown']);
      for (const { id } of await changes.ofJob(undone ?? 0)) await changes.undone(id);
      const elsewhere = await newBatch(ledger, newTarget(folder));
      await ledger.enlist(elsewhere, [spec('elsewhere')]);
      const [other] = await ledger.jobs(elsewhere);
      await changes.begin({ jobId: other?.id ?? 0, kind: 'snapshot', before: '{}' });
      await ledger.enlist(batch, [spec('changed', 'b')]);
      const open = await changes.jobsToUndo(target);
      const kinds = [];
      for (const { jobId } of open) {
        const { machineId } = await ledger.job(jobId);
        kinds.push([machineId, ...(await changes.ofJob(jobId)).filter(isToUndo).map(({ kind }) => kind)]);
      }
      expect(kinds.sort()).toEqual([
        ['changed', 'snapshot', 'shutDown'],
        ['moved', 'snapshot'],
      ]);
    });
  });

  it('enlists more jobs than one statement takes, in their order', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const batch = await newBatch(ledger, target);
      const names = Array.from({ length: 1201 }, (_, index) => `machine ${index}`);
      await ledger.enlist(
        batch,
        names.map((machine) => spec(machine)),
      );
      await ledger.enlist(
        batch,
        names.toReversed().map((machine) => spec(machine, machine.endsWith('7') ? 'b' : 'a')),
      );
      expect((await ledger.jobs(batch)).map(({ machineId }) => machineId)).toEqual(names.toReversed());
    });
  });

  it('gives back the journal of a disk up to the first gap', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const { id } = await oneJob(ledger, target);
      const journal = (await ledger.claim(id, 'w')).blockJournal(1);
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

  it('lets one run at a time into a target folder', async () => {
    const { target, place } = await newOne();
    const other = newTarget(folder);
    const elsewhere = await newPlace(newTarget(folder));
    await withLedger(place, async (ledger) => {
      const lock = await ledger.lockTarget(target);
      await ledger.lockTarget(other);
      await expect(ledger.lockTarget(target)).rejects.toMatchObject({ code: 'TARGET_BUSY' });
      if (name === 'SQLite') {
        await expect(Ledger.open(place)).rejects.toMatchObject({ code: 'TARGET_BUSY' });
        // The same folder by way of another ledger.
        await withLedger(elsewhere, async (second) => {
          await expect(second.lockTarget(target)).rejects.toMatchObject({ code: 'TARGET_BUSY' });
        });
      } else {
        await withLedger(place, async (second) => {
          await expect(second.lockTarget(target)).rejects.toMatchObject({ code: 'TARGET_BUSY' });
        });
      }
      await lock.release();
      await (await ledger.lockTarget(target)).release();
    });
    await withLedger(place, async (ledger) => ledger.lockTarget(target));
  });

  it('keeps an error without its stack', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const { batch, id } = await oneJob(ledger, target);
      const error = new XenferryError('VMDK_TRUNCATED', 'cut', { file: 'a.vmdk', offset: 7 });
      await (await ledger.claim(id, 'w')).fail(error);
      const [failed] = await ledger.jobs(batch);
      expect(failed).toMatchObject({
        state: 'failed',
        error: { code: 'VMDK_TRUNCATED', message: 'cut', place: { file: 'a.vmdk', offset: 7 } },
      });
      expect(JSON.stringify(failed)).not.toContain('stack');
    });
  });

  it('counts the time of a killed run and not the time between two finished ones', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const batch = await newBatch(ledger, target);
      const started = (await ledger.latestBatch())?.startedAt;
      await new Promise((resolve) => setTimeout(resolve, 5));
      await newBatch(ledger, target);
      expect((await ledger.latestBatch())?.startedAt).toBe(started);
      await ledger.finishBatch(batch);
      await newBatch(ledger, target);
      expect((await ledger.latestBatch())?.startedAt).toBeGreaterThan(started ?? 0);
    });
  });

  it('keeps batches of several targets, and with very many sources, apart', async () => {
    const { target, place } = await newOne();
    const other = newTarget(folder);
    // Random enough that no database compresses it into a page.
    const long = JSON.stringify(Array.from({ length: 2000 }, (_, index) => `/srv/${Math.sin(index)}`));
    await withLedger(place, async (ledger) => {
      const ids = [
        await newBatch(ledger, target, long),
        await newBatch(ledger, other, long),
        await newBatch(ledger, target, `${long} `),
      ];
      expect(new Set(ids).size).toBe(3);
      expect(await newBatch(ledger, other, long)).toBe(ids[1]);
      expect((await ledger.latestBatch(target))?.id).toBe(ids[2]);
      expect((await ledger.latestBatch())?.id).toBe(ids[1]);
      for (const batch of ids) await ledger.enlist(batch, [spec('same name')]);
      for (const [index, batch] of ids.entries()) {
        const held = await ledger.claim((await ledger.jobs(batch))[0]?.id ?? 0, 'w');
        await held.recordOutput({ outputBytes: 5 * 2 ** 40, landed: `vm-${index}` });
      }
      expect(await ledger.landedVms(target)).toEqual(new Set(['vm-0', 'vm-2']));
      expect((await ledger.jobs(ids[1] ?? 0))[0]).toMatchObject({ outputBytes: 5 * 2 ** 40, landed: 'vm-1' });
    });
  });

  it('refuses every change by who held a job before, and changes nothing then', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const { batch, id } = await oneJob(ledger, target);
      const late = await ledger.claim(id, 'late');
      await late.recordGuest('{}');
      const journal = late.blockJournal(0);
      await journal.append(0, records([1]));
      const owner = await ledger.claim(id, 'owner');
      await owner.setState('converting');
      const before = [await ledger.jobs(batch), await ledger.steps(id), await ledger.events.last()];
      const changes = [
        () => late.check(),
        () => late.setState('done'),
        () => late.fail(new XenferryError('INTERNAL', 'x')),
        () => late.startStep('convert'),
        () => late.finishStep('convert', 'done', 1),
        () =>
          late.recordDisk({
            disk: 0,
            data_bytes: 1,
            digest: null,
            manifest: null,
            mended: null,
            replaces: null,
          }),
        () => late.recordGuest('{"kind":"none"}'),
        () => late.recordOutput({ outputBytes: 1 }),
        () => late.addNotes(['lost']),
        () => late.clearBlocks(),
        () => late.reset(),
        () => journal.append(1, records([1])),
      ];
      for (const change of changes) await expect(change()).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect([await ledger.jobs(batch), await ledger.steps(id), await ledger.events.last()]).toEqual(before);
      expect(await ledger.disks(id)).toEqual([]);
      expect((await owner.blockJournal(0).load()).unitBits).toHaveLength(1);
      // What it did while it held the job counts, and is where it did it.
      expect(await owner.guest()).toEqual({ outcome: '{}', folder: late.guestFolder });
      expect(owner.guestFolder).not.toBe(late.guestFolder);
      await ledger.setState(id, 'cancelled');
      await expect(owner.check()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    });
  });

  it('has only the last offer taken up', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const { id } = await oneJob(ledger, target);
      const old = await ledger.workers.offer(id);
      const offer = await ledger.workers.offer(id);
      await expect(ledger.claim(id, 'w', old)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      const first = await ledger.claim(id, 'w', offer);
      // A queue gives the same offer again when it takes a worker for dead.
      const second = await ledger.claim(id, 'v', offer);
      expect(second.fence).toBeGreaterThan(first.fence);
      await ledger.workers.askToStop(id, 'PAUSED');
      expect(await ledger.workers.standings([id])).toEqual(
        new Map([[id, { fence: second.fence, stop: 'PAUSED', bandwidth: null }]]),
      );
      await ledger.workers.share([id], 5e9);
      expect((await ledger.workers.standings([id])).get(id)?.bandwidth).toBe(5e9);
      await ledger.setState(id, 'planned');
      await expect(ledger.claim(id, 'w', offer)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    });
  });

  it('tells the folders of layers that nobody goes on with', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const { id } = await oneJob(ledger, target);
      const first = await ledger.claim(id, 'w');
      mkdirSync(first.guestFolder, { recursive: true });
      expect(await ledger.orphanedGuestFolders(target)).toEqual([]);
      await first.recordGuest('{}');
      const second = await ledger.claim(id, 'w');
      mkdirSync(second.guestFolder);
      expect(await ledger.orphanedGuestFolders(target)).toEqual([]);
      await second.recordGuest('{}');
      expect((await ledger.orphanedGuestFolders(target)).map((path) => basename(path))).toEqual([
        basename(first.guestFolder),
      ]);
    });
  });

  it('writes the history of a job down with its states', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const { batch, id } = await oneJob(ledger, target);
      const held = await ledger.claim(id, 'w');
      await held.setState('converting');
      await held.setState('done');
      const events = await ledger.events.read({ after: 0, batchId: batch, limit: 10 });
      expect(events.map(({ jobId, data }) => [jobId, data])).toEqual([
        [id, { state: 'converting', worker: 'w', fence: held.fence }],
        [id, { state: 'done', worker: 'w', fence: held.fence }],
      ]);
    });
  });

  it('tells of an order when it is given and when it is obeyed, by whomever', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const { orders, events } = ledger;
      const batchId = await newBatch(ledger, target);
      const words = { by: 'operator', verb: 'cancel', scope: 'batch', subject: '' } as const;
      const wish = { batchId, ...words };
      const told = async () =>
        (await events.read({ after: 0, batchId, limit: 10 })).map(({ kind, data }) => [kind, data]);
      const first = await orders.give(wish);
      expect(await told()).toEqual([['order', { id: first.id, ...words }]]);
      await orders.obeyed(first);
      const second = await orders.give(wish, true);
      expect(await told()).toEqual([
        ['order', { id: first.id, ...words }],
        ['obeyed', { id: first.id, ...words }],
        ['order', { id: second.id, ...words }],
        ['obeyed', { id: second.id, ...words }],
      ]);
      expect(await orders.waiting(batchId)).toEqual([]);
      expect((await orders.latest(batchId, second.id, 10)).map(({ id }) => id)).toEqual([first.id]);
    });
  });

  it('knows its workers', async () => {
    const { place } = await newOne();
    await withLedger(place, async ({ workers }) => {
      await workers.signIn({ name: 'w1', threads: 2, slots: 3 });
      await workers.beat('w1');
      expect(await workers.all()).toMatchObject([{ name: 'w1', threads: 2, slots: 3, endedAt: null }]);
      await workers.signOut('w1');
      expect((await workers.all())[0]?.endedAt).toBeGreaterThan(0);
    });
  });

  it('is not there to be read before anything was written', async () => {
    const { place } = await newOne();
    await expect(Ledger.openForReading(place)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  it('is read beside who writes', async () => {
    const { target, place } = await newOne();
    await withLedger(place, async (ledger) => {
      const { batch } = await oneJob(ledger, target);
      const reader = await Ledger.openForReading(place);
      expect(await reader.jobs(batch)).toHaveLength(1);
      expect(await reader.identity()).toBe(await ledger.identity());
      await reader.close();
    });
  });
});
