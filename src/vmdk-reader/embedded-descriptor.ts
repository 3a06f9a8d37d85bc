import { type ByteSource, readBytes } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import { COWD_MAGIC } from './cowd-grains.js';
import { descriptorText, MAX_DESCRIPTOR_BYTES, parseDescriptor, type VmdkDescriptor } from './descriptor.js';
import { SESPARSE_MAGIC } from './sesparse-header.js';
import type { SparseHeader } from './sparse-header.js';

/** Files that belong to a disk but never carry its descriptor. */
const BARE_FILES: ReadonlyArray<readonly [magic: string, name: string]> = [
  [COWD_MAGIC, 'a COWD (vmfsSparse) extent'],
  [SESPARSE_MAGIC, 'a SESparse extent'],
  // libvmdk, "VMWare Virtual Disk Format", Change tracking file.
  ['\xa2\x72\x19\xf6', 'a change tracking file'],
];

/** The descriptor inside a monolithic file. Rejects with VMDK_DESCRIPTOR_INVALID. */
export async function embeddedDescriptor(file: ByteSource, header: SparseHeader): Promise<VmdkDescriptor> {
  const offset = header.descriptorOffset * SECTOR_BYTES;
  const length = header.descriptorSectors * SECTOR_BYTES;
  if (offset === 0 || length === 0) throw descriptorElsewhere(file, 'one extent of a split disk', 28);
  if (length > MAX_DESCRIPTOR_BYTES || offset + length > file.length) {
    throw new XenferryError('VMDK_DESCRIPTOR_INVALID', 'the embedded descriptor lies outside the file', {
      file: file.path,
      offset: 28,
    });
  }
  const bytes = await readBytes(file, offset, length);
  const end = bytes.indexOf(0);
  const text = descriptorText(bytes.subarray(0, end < 0 ? length : end));
  if (text.trim() === '') throw descriptorElsewhere(file, 'one extent of a split disk', 28);
  return parseDescriptor(text, file.path);
}

/** A descriptor file. Rejects with VMDK_BAD_MAGIC when it is none, with VMDK_DESCRIPTOR_INVALID when it is broken. */
export async function descriptorFile(file: ByteSource): Promise<VmdkDescriptor> {
  const head = await readBytes(file, 0, Math.min(file.length, SECTOR_BYTES));
  const start = head.toString('latin1');
  for (const [magic, name] of BARE_FILES) {
    if (start.startsWith(magic)) throw descriptorElsewhere(file, name, 0);
  }
  if (!/# Disk Descriptor ?File/i.test(start)) {
    throw new XenferryError('VMDK_BAD_MAGIC', 'neither a sparse VMDK nor a VMDK descriptor', {
      file: file.path,
      offset: 0,
    });
  }
  if (file.length > MAX_DESCRIPTOR_BYTES) {
    throw new XenferryError('VMDK_DESCRIPTOR_INVALID', `a descriptor of ${file.length} bytes is not one`, {
      file: file.path,
    });
  }
  return parseDescriptor(descriptorText(await readBytes(file, 0, file.length)), file.path);
}

function descriptorElsewhere(file: ByteSource, what: string, offset: number): XenferryError {
  return new XenferryError('VMDK_DESCRIPTOR_INVALID', `this is ${what}; its descriptor is another file`, {
    file: file.path,
    offset,
    hint: 'Name the descriptor file (the small .vmdk) instead.',
  });
}
