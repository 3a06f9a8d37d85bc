import { XenferryError } from '../../../../model/errors.js';
import { type CpioEntry, isCpio, readCpio, SEGMENT_ALIGNMENT } from './cpio.js';
import { decompress, MAX_UNPACKED_BYTES } from './decompress.js';

const MAX_SEGMENTS = 16;

/**
 * All members of an initramfs: archives one after another, plain (microcode, appended ones) or compressed; of members
 * of one name the last counts, as for the kernel. Rejects with GUEST_UNREADABLE, TOOL_MISSING.
 */
export async function readInitramfs(bytes: Buffer): Promise<ReadonlyMap<string, CpioEntry>> {
  const members = new Map<string, CpioEntry>();
  let unpacked = 0;
  let at = 0;
  for (let segments = 0; at < bytes.length; segments++) {
    if (segments === MAX_SEGMENTS) throw new XenferryError('GUEST_UNREADABLE', 'the initramfs has no end');
    if (isCpio(bytes, at)) {
      const { entries, end } = readCpio(bytes, at);
      add(members, entries);
      at = skipZeros(bytes, end);
      continue;
    }
    const end = nextArchive(bytes, at);
    const inner = await decompress(bytes.subarray(at, end));
    unpacked += inner.length;
    if (unpacked > MAX_UNPACKED_BYTES)
      throw new XenferryError('GUEST_UNREADABLE', 'the initramfs is too large');
    if (!isCpio(inner, 0)) throw new XenferryError('GUEST_UNREADABLE', 'the initramfs holds no archive');
    add(members, readCpio(inner, 0).entries);
    at = end;
  }
  if (members.size === 0) throw new XenferryError('GUEST_UNREADABLE', 'the initramfs is empty');
  return members;
}

function add(members: Map<string, CpioEntry>, entries: readonly CpioEntry[]): void {
  for (const entry of entries) members.set(entry.path, entry);
}

function skipZeros(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] === 0) at++;
  return at;
}

/** Where the archive appended to a compressed one begins, which is where ours are put; else the end. */
function nextArchive(bytes: Buffer, from: number): number {
  const first = Math.ceil((from + 1) / SEGMENT_ALIGNMENT) * SEGMENT_ALIGNMENT;
  for (let at = first; at < bytes.length; at += SEGMENT_ALIGNMENT) {
    if (isCpio(bytes, at)) return at;
  }
  return bytes.length;
}
