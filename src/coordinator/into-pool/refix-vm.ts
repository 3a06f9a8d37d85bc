import { join } from 'node:path';
import { type BlockRecords, dataBytesOf, NO_RECORDS } from '../../conversion/index.js';
import { removeGuestFolder } from '../../guests/index.js';
import { blockCount } from '../../model/units.js';
import { lockUnstarted, patchMachine, releaseVm } from '../../targets/xapi-pool/index.js';
import type { Ref } from '../../xapi/index.js';
import { runsOf } from '../block-runs.js';
import { wantsFixups } from '../fix-machine.js';
import { type ClaimedJob, enterStep, recordConverted } from '../job.js';
import { withReadableDisks } from '../readable-disks.js';
import { mendAnew, mendedRuns, refused } from '../refix-output.js';
import { deliverMachine } from './deliver-machine.js';
import { progressOf } from './machine-import.js';
import type { PoolWork } from './pool-work.js';
import { keepRecords } from './settle.js';
import { isSettled, stepsDone } from './vm-steps.js';

/** The VM stays where it is, and locked until its disks are known to be right again. */
export async function refixVm(work: PoolWork, job: ClaimedJob): Promise<void> {
  const { client, earlier, arrived, marks, destination } = work;
  const { record, planned, held } = job;
  const mark = marks.ofMachine(planned.machine.id);
  const vm = arrived.get(mark) ?? earlier.get(mark);
  const done = await stepsDone(work, record.id);
  if (destination.after.move?.pool != null && done.has('move')) throw refused('its VM is in another pool');
  if (vm === undefined || vm.uuid !== record.landed) {
    await held.reset();
    return await deliverMachine(work, { ...job, record: await work.ledger.job(record.id) });
  }
  const runs = await mendedRuns(work, job);
  const records = await Promise.all(planned.machine.disks.map((_, disk) => held.blockJournal(disk).load()));
  const isKnown = planned.machine.disks.every(
    ({ capacityBytes }, disk) => records[disk]?.unitBits.length === blockCount(capacityBytes),
  );
  if (runs === null || runs.length !== records.length || !isKnown) {
    throw refused('it is not known which blocks the fixups changed');
  }
  await lockUnstarted(client, vm.ref);
  try {
    await patchDisks(work, job, vm.ref, { runs, records });
  } finally {
    await removeGuestFolder(held.guestFolder);
  }
  work.arrived.set(mark, vm);
  if (isSettled(work, done)) await releaseVm(client, vm.ref);
}

/** What is known of a VM's disks before they are patched. */
interface KnownDisks {
  /** What fixups have changed, as JSON of each disk. */
  readonly runs: readonly string[];
  readonly records: readonly BlockRecords[];
}

async function patchDisks(
  work: PoolWork,
  job: ClaimedJob,
  vm: Ref,
  { runs, records }: KnownDisks,
): Promise<void> {
  const { client, view, slots, destination, pool, digest, signal } = work;
  const { planned, held } = job;
  const { mended, patched } = await withReadableDisks(
    planned.machine,
    join(work.target, planned.output),
    { inOnePiece: wantsFixups(planned, work.profiles), signal },
    async (disks) => {
      const anew = await mendAnew(work, job, disks, runs);
      await enterStep(work, job, 'convert');
      const patches = anew.images.map((source, index) => ({
        pool,
        digest,
        source,
        capacityBytes: planned.machine.disks[index]?.capacityBytes ?? 0,
        allocated: anew.changed[index] ?? new Uint8Array(),
        records: records[index] ?? NO_RECORDS,
        threads: pool.threads,
        onProgress: progressOf(work, job, index),
      }));
      const onStored = async (found: readonly BlockRecords[]) => {
        await recordConverted(
          work,
          job,
          found.map((one, disk) => {
            const changed = anew.changed[disk] ?? new Uint8Array();
            return { records: one, resumedBlocks: 0, mended: changed, patch: { changed, replaces: null } };
          }),
        );
        await enterStep(work, job, 'verify');
      };
      const machine = { client, view, slots, vm, disks: patches, readBack: destination.readBack };
      return {
        mended: anew.mended,
        patched: await patchMachine({ ...machine, signal, name: planned.name, onStored }),
      };
    },
  );
  await held.finishStep('verify', 'done', patched.readBackBytes);
  await keepRecords(held, patched.records);
  const outputBytes = patched.records.reduce((sum, found) => sum + dataBytesOf(found), 0);
  await held.endRefix(mended.map(runsOf), { outputBytes, notes: job.record.notes });
}
