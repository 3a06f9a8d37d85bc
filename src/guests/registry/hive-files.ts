import { XenferryError } from '../../model/errors.js';
import type { GuestFiles } from '../files/guest-files.js';
import { Hive } from './hive.js';
import { MAX_HIVE_BYTES, sequenceOf } from './hive-cells.js';

const MAX_LOG_BYTES = MAX_HIVE_BYTES;
const LOGS: readonly string[] = ['.LOG1', '.LOG2', '.LOG'];

/**
 * Opens a hive of the guest's; null where there is none. Windows writes the first sequence number before a change and
 * the second after it, and Windows since 8.1 leaves changes in the logs for a while: a hive that is behind must not be
 * changed. Rejects with GUEST_REFUSED then, and with GUEST_UNREADABLE.
 */
export async function readHive(files: GuestFiles, path: string): Promise<Hive | null> {
  const bytes = await files.read(path, MAX_HIVE_BYTES);
  if (bytes === null) return null;
  const sequence = sequenceOf(bytes);
  if (sequence !== null && sequence !== bytes.readUInt32LE(8)) throw notClean(path);
  for (const ending of LOGS) {
    const entry = await files.entry(path + ending);
    if (entry === null || entry.size === 0 || sequence === null) continue;
    const log = await files.read(path + ending, MAX_LOG_BYTES);
    if (((log === null ? null : sequenceOf(log)) ?? 0) > sequence) throw notClean(path);
  }
  return new Hive(bytes, path);
}

/** Writes the hive where it was changed. */
export async function writeHive(files: GuestFiles, path: string, hive: Hive): Promise<void> {
  if (hive.changed) await files.write(path, hive.toBytes());
}

function notClean(file: string): XenferryError {
  return new XenferryError('GUEST_REFUSED', 'Windows has not written all changes to its registry', {
    file,
    hint: 'Start Windows on VMware, shut it down with `shutdown /s /t 0`, then export it again.',
  });
}
