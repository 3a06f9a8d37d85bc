import { toXenferryError, XenferryError } from '../../../model/errors.js';
import { formatBytes } from '../../../model/format.js';
import { type NewVdi, NULL_REF, type Ref, runTask, type XapiClient } from '../../../xapi/index.js';
import { destroyVdi } from '../destroy-vdi.js';
import { ownedBy, SELF_KEY } from '../ownership.js';
import { freeBytes, takenBytes } from '../storage-space.js';
import { hangDisk } from './attached-disks.js';
import type { Moving, MovingDisk } from './moving-disk.js';
import { whileLocked } from './while-locked.js';

/**
 * Copies the disks of a halted VM to their repositories, has it use the copies, and removes the originals. When it
 * fails the VM has its originals and the copies are gone. Returns what an operator should know, one sentence each.
 * Rejects with POOL_NO_SPACE before anything is copied, POOL_*, CANCELED.
 */
export async function copyDisks(client: XapiClient, moving: Moving): Promise<string[]> {
  const { vm, disks, jobId, signal } = moving;
  if (disks.length === 0) return [];
  await assertRoom(client, disks);
  return await whileLocked(client, vm, async () => {
    const copies = new Map<MovingDisk, Ref>();
    try {
      for (const disk of disks) {
        await copyDisk(client, disk, jobId, (copy) => copies.set(disk, copy), signal);
      }
      // Until here the VM knows nothing of it.
      for (const [{ attachment }, copy] of copies) await hangDisk(client, vm, attachment, copy);
    } catch (error) {
      throw await undone(client, vm, copies, error);
    }
    return await removeOriginals(client, disks);
  });
}

/** All copies of a repository together, beside what is in it. */
async function assertRoom(client: XapiClient, disks: readonly MovingDisk[]): Promise<void> {
  for (const sr of new Set(disks.map((disk) => disk.sr))) {
    const record = await client.call('SR.get_record', [sr]);
    const needed = disks
      .filter((disk) => disk.sr === sr)
      .reduce(
        (sum, disk) => sum + takenBytes(record, disk.record.virtual_size, disk.record.physical_utilisation),
        0,
      );
    const free = freeBytes(record);
    if (needed <= free) continue;
    const message = `${record.name_label} has ${formatBytes(free)} free; the disks take ${formatBytes(needed)}`;
    throw new XenferryError('POOL_NO_SPACE', message, { file: client.shown });
  }
}

/** Into a disk that was made for it, so that there is no moment in which it is nobody's. */
async function copyDisk(
  client: XapiClient,
  { vdi, record, sr }: MovingDisk,
  jobId: string,
  onMade: (copy: Ref) => void,
  signal: AbortSignal,
): Promise<void> {
  const { name_label, name_description, virtual_size, tags } = record;
  const { [SELF_KEY]: _original, ...facts } = record.other_config;
  const wanted: NewVdi = {
    name_label,
    name_description,
    SR: sr,
    virtual_size,
    type: 'user',
    sharable: false,
    read_only: false,
    other_config: { ...facts, ...ownedBy(jobId) },
    sm_config: {},
    tags,
  };
  // To its end, which is soon: one that is given up may make a disk that we never hear of.
  const copy = await runTask(client, 'VDI.create', [wanted]);
  onMade(copy);
  const made = await client.call('VDI.get_record', [copy], { signal });
  await client.call('VDI.add_to_other_config', [copy, SELF_KEY, made.uuid], { signal });
  if (made.virtual_size < virtual_size) {
    const message = `the repository made a disk of ${made.virtual_size} bytes only`;
    throw new XenferryError('POOL_REFUSED', message, { file: client.shown });
  }
  await runTask(client, 'VDI.copy', [vdi, NULL_REF, NULL_REF, copy], { signal });
}

/** The failure, with what could not be put back. */
async function undone(
  client: XapiClient,
  vm: Ref,
  copies: ReadonlyMap<MovingDisk, Ref>,
  failure: unknown,
): Promise<unknown> {
  const lost: string[] = [];
  for (const [{ attachment, vdi, record }, copy] of copies) {
    try {
      await hangDisk(client, vm, attachment, vdi);
      // What cannot be removed carries the job's id.
      await destroyVdi(client, copy).catch(() => {});
    } catch {
      lost.push(`attach the disk ${record.uuid} again, as device ${attachment.userdevice}`);
    }
  }
  if (lost.length === 0) return failure;
  const { code, message } = toXenferryError(failure);
  return new XenferryError(code, `${message}; ${lost.join(', ')}`, { file: client.shown, cause: failure });
}

/** The VM does not need them any more: what cannot be removed is no failure. */
async function removeOriginals(client: XapiClient, disks: readonly MovingDisk[]): Promise<string[]> {
  const notes: string[] = [];
  for (const { vdi, record } of disks) {
    try {
      await destroyVdi(client, vdi);
    } catch (error) {
      notes.push(
        `The former disk ${record.name_label} (${record.uuid}) is still there: ${toXenferryError(error).message}.`,
      );
    }
  }
  return notes;
}
