import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { BlockDigest } from '../conversion/index.js';
import type { Profile } from '../guests/profiles/index.js';
import { locatedImage, readImageInfo } from '../images/index.js';
import { systemErrorCode } from '../model/errors.js';
import type { GuestMeans, PlannedMachine } from '../model/plan.js';
import { diskParts } from '../model/virtual-machine.js';
import type { ChunkChecksum } from '../xva/index.js';

/** What a batch makes of every machine. */
export interface BatchWays {
  readonly checksum: ChunkChecksum;
  readonly digest: BlockDigest;
  readonly profiles: readonly Profile[];
  readonly guests: GuestMeans;
}

/**
 * Tells whether a job is still the one that was begun: a digest of what is made around its disks and of name,
 * size and time of every source file. Never throws for a damaged source.
 */
export async function fingerprintOf(
  { machine, output, fixups, profile }: PlannedMachine,
  surroundings: unknown,
  { checksum, digest, profiles, guests }: BatchWays,
): Promise<string> {
  const wanted = profiles.find(({ id }) => id === profile.id)?.fixups ?? [];
  const ways = [output, surroundings, checksum, digest, fixups, wanted, guests];
  const hash = createHash('sha256').update(JSON.stringify(ways));
  for (const disk of machine.disks) {
    const { location } = disk;
    if (location === null) continue;
    if (location.kind === 'datastore') {
      // Its files are locked while the machine runs, and others after a snapshot: what they are is looked at in time.
      hash.update(JSON.stringify([location.server.url, disk.key, disk.capacityBytes]));
      continue;
    }
    const parts = diskParts(disk);
    const files = new Set(parts.map(({ range }) => range.path));
    if (location.compression === null) {
      const info = await readImageInfo(locatedImage(location)).catch(() => null);
      for (const file of info?.files ?? []) files.add(file);
    }
    for (const { range } of parts) hash.update(JSON.stringify([range.offset, range.length]));
    for (const file of files) hash.update(JSON.stringify([file, await fileVersion(file)]));
  }
  return hash.digest('hex');
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
