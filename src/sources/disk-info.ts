import { locatedImage, readImageInfo } from '../images/index.js';
import type { Problem } from '../model/inventory.js';
import type { DiskLocation } from '../model/virtual-machine.js';
import { type About, problemOf, problemOfError } from './problems.js';

/** What the descriptor says of a disk. */
export interface DeclaredDisk {
  /** Null when it does not tell. */
  readonly capacityBytes: number | null;
  /** VMDK createType; empty when it does not tell. */
  readonly format: string;
}

export interface DescribedDisk {
  readonly capacityBytes: number;
  readonly format: string;
  readonly problems: readonly Problem[];
}

/**
 * Capacity and format of a VMDK as the file itself tells, which wins over the descriptor. A disk that cannot be read
 * leaves a critical problem and keeps the declared values (capacity 0 where nothing is declared).
 */
export async function describeDisk(
  location: DiskLocation,
  declared: DeclaredDisk,
  about: About,
): Promise<DescribedDisk> {
  try {
    const { format, capacityBytes } = await readImageInfo(locatedImage(location));
    return { capacityBytes, format, problems: capacityProblems(declared, capacityBytes, about) };
  } catch (error) {
    const problems = [problemOfError(error, about)];
    return { capacityBytes: declared.capacityBytes ?? 0, format: declared.format, problems };
  }
}

function capacityProblems(declared: DeclaredDisk, capacityBytes: number, about: About): readonly Problem[] {
  if (declared.capacityBytes === null || declared.capacityBytes === capacityBytes) return [];
  const message = `the descriptor gives ${declared.capacityBytes} bytes of capacity, the disk has ${capacityBytes}`;
  return [
    problemOf('warning', 'OVF_MALFORMED', message, about, 'Nothing: the size in the disk itself is used.'),
  ];
}
