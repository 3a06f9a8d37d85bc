import { type BlockRecords, dataBytesOf } from '../../conversion/index.js';
import type { JobLedger } from '../../ledger/index.js';
import { type ImportedMachine, releaseVm } from '../../targets/xapi-pool/index.js';
import type { ClaimedJob } from '../job.js';
import type { PoolWork } from './pool-work.js';
import { isSettledLater } from './vm-steps.js';

/** A machine is there and compared. */
export async function settle(
  work: PoolWork,
  { planned, held }: ClaimedJob,
  imported: ImportedMachine,
): Promise<void> {
  const outputBytes = imported.disks.reduce((sum, { records }) => sum + dataBytesOf(records), 0);
  await keepRecords(
    held,
    imported.disks.map(({ records }) => records),
  );
  await held.recordOutput({ outputBytes, landed: imported.uuid, notes: imported.notes });
  const mark = work.marks.ofMachine(planned.machine.id);
  work.arrived.set(mark, { ref: imported.vm, uuid: imported.uuid });
  if (!isSettledLater(work.destination)) {
    await releaseVm(work.client, imported.vm);
    await held.warm.endCutover();
  }
  work.contact.lost = false;
}

/** What a disk in the pool holds cannot be read as cheaply as a file, should its guest be mended anew. */
export async function keepRecords(held: JobLedger, disks: readonly BlockRecords[]): Promise<void> {
  await held.clearBlocks();
  for (const [disk, records] of disks.entries()) await held.blockJournal(disk).append(0, records);
}
