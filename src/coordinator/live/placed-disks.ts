import { XenferryError } from '../../model/errors.js';
import type { DatastoreLocation, Disk } from '../../model/virtual-machine.js';
import type { ClaimedJob } from '../job.js';
import type { ChangedMachine } from './change-source.js';
import type { SourceDisk } from './source-machine.js';

/** The planned disks where they are now. Throws SOURCE_CHANGED for a machine that has others. */
export function placedDisks(
  { planned: { machine } }: ClaimedJob,
  found: readonly SourceDisk[],
  { client, live }: Pick<ChangedMachine, 'client' | 'live'>,
): Disk[] {
  const byKey = new Map(found.map((disk) => [String(disk.key), disk]));
  return machine.disks.map((disk) => {
    const now = byKey.get(disk.key ?? '');
    const { location } = disk;
    if (now === undefined || location?.kind !== 'datastore' || now.capacityBytes !== disk.capacityBytes) {
      throw new XenferryError('SOURCE_CHANGED', `${disk.file} is not as it was when the plan was made`, {
        file: client.shown,
        hint: 'Run it again, so that it is planned with the disks that the machine has now.',
      });
    }
    const place: DatastoreLocation = { ...location, ...now.file, server: live.server };
    return { ...disk, location: place };
  });
}

export function withDisks(job: ClaimedJob, disks: readonly Disk[]): ClaimedJob {
  return { ...job, planned: { ...job.planned, machine: { ...job.planned.machine, disks } } };
}
