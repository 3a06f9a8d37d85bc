import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MIB } from '../../../src/model/units.js';
import { makeMixedRaw, noise } from '../disk-maker.js';
import type { Guest } from './input-kind.js';

/** No multiple of a grain, of a VHD block, of a cluster or of a track. */
const ODD_CAPACITY = 37 * MIB + 3 * 512;

/** The mixed disk, and how it was before its guest overwrote, wiped and first wrote parts of it. */
export async function makeGuest(folder: string): Promise<Guest> {
  const raw = join(folder, 'guest.raw');
  await makeMixedRaw(raw, ODD_CAPACITY);
  const content = await readFile(raw);
  const before = Buffer.from(content);
  noise(31, MIB / 2).copy(before, MIB);
  noise(32, 3 * MIB).copy(before, 14 * MIB);
  noise(33, 1000).copy(before, 33 * MIB + 512);
  before.fill(0, 25 * MIB + 512, 26 * MIB);
  before.fill(0, ODD_CAPACITY - 512);
  const beforeRaw = join(folder, 'before.raw');
  await writeFile(beforeRaw, before);
  return { raw, content, beforeRaw, before };
}
