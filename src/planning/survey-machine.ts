import { surveyDisk } from '../conversion/index.js';
import { toXenferryError } from '../model/errors.js';
import type { Concern } from '../model/plan.js';
import type { Disk, VirtualMachine } from '../model/virtual-machine.js';
import { concern } from './own-concerns.js';

/** What a disk's metadata tells. */
export interface DiskAmounts {
  readonly dataBytes: number;
  readonly certainBytes: number;
}

/**
 * Reads the metadata of all disks of a machine. `known` are the concerns that were found before; what they tell is not
 * told twice. A disk of which only a list or a server tells counts as that says, or as half full.
 */
export async function surveyMachine(
  machine: VirtualMachine,
  known: readonly Concern[],
): Promise<{ readonly disks: DiskAmounts[]; readonly concerns: Concern[] }> {
  const disks: DiskAmounts[] = [];
  const concerns: Concern[] = [];
  for (const disk of machine.disks) {
    try {
      const survey = await surveyDisk(disk);
      const dataBytes = survey?.dataBytes ?? guessedBytes(disk);
      disks.push({ dataBytes, certainBytes: survey?.exact === true ? dataBytes : 0 });
      for (const note of survey?.notes ?? []) concerns.push(concern('VMDK_TABLES_DAMAGED', 'warning', note));
    } catch (error) {
      disks.push({ dataBytes: guessedBytes(disk), certainBytes: 0 });
      const { code, message, hint } = toXenferryError(error);
      if (![...known, ...concerns].some(({ id }) => id === code))
        concerns.push(concern(code, 'critical', `${disk.file}: ${message}`, hint));
    }
  }
  return { disks, concerns };
}

function guessedBytes({ usedBytes, capacityBytes, location }: Disk): number {
  // Of a disk that is here but cannot be read nothing is known.
  if (location?.kind === 'files') return usedBytes ?? 0;
  return Math.min(usedBytes ?? capacityBytes / 2, capacityBytes);
}
