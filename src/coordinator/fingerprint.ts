import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { BlockDigest } from '../conversion/index.js';
import type { Profile } from '../guests/profiles/index.js';
import { locatedImage, readImageInfo } from '../images/index.js';
import { systemErrorCode } from '../model/errors.js';
import type { GuestMeans, PlannedMachine } from '../model/plan.js';
import { diskParts, type VirtualMachine } from '../model/virtual-machine.js';
import type { ChunkChecksum } from '../xva/index.js';

/** What a batch makes of every machine. */
export interface BatchWays {
  readonly checksum: ChunkChecksum;
  readonly digest: BlockDigest;
  readonly profiles: readonly Profile[];
  readonly guests: GuestMeans;
}

/** What a job is known by. */
export interface JobPrints {
  /** Whether it is still the one that was begun: a digest of what is made around its disks and of all source files. */
  readonly fingerprint: string;
  /** Whether its guest may be mended anew where the machine is: the same, without what only fixups go by. */
  readonly base: string;
}

/**
 * Of name, size and time of every source file and of what is made of them. `lasting`: of the surroundings, what cannot be
 * made anew. Never throws for a damaged source.
 */
export async function jobPrints(
  { machine, output, fixups, profile }: PlannedMachine,
  { surroundings, lasting }: { readonly surroundings: unknown; readonly lasting: unknown },
  { checksum, digest, profiles, guests }: BatchWays,
): Promise<JobPrints> {
  const wanted = profiles.find(({ id }) => id === profile.id)?.fixups ?? [];
  const ways = [output, surroundings, checksum, digest, fixups, wanted, guests];
  const sources = await sourceFacts(machine);
  return {
    fingerprint: digestOf([ways, ...sources]),
    base: digestOf([[output, lasting, digest], ...sources]),
  };
}

function digestOf(facts: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const fact of facts) hash.update(JSON.stringify(fact));
  return hash.digest('hex');
}

async function sourceFacts({ disks }: VirtualMachine): Promise<unknown[]> {
  const facts: unknown[] = [];
  for (const disk of disks) {
    const { location } = disk;
    if (location === null) continue;
    if (location.kind !== 'files') {
      // Its files are locked while the machine runs, and others after a snapshot: what they are is looked at in time.
      facts.push([location.server.url, disk.key, disk.capacityBytes]);
      continue;
    }
    const parts = diskParts(disk);
    const files = new Set(parts.map(({ range }) => range.path));
    if (location.compression === null) {
      const info = await readImageInfo(locatedImage(location)).catch(() => null);
      for (const file of info?.files ?? []) files.add(file);
    }
    for (const { range } of parts) facts.push([range.offset, range.length]);
    for (const file of files) facts.push([file, await fileVersion(file)]);
  }
  return facts;
}

async function fileVersion(file: string): Promise<readonly number[]> {
  try {
    const { size, mtimeMs } = await stat(file);
    return [size, mtimeMs];
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}
