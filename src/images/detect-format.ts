import { readBytes } from '../io/byte-source.js';
import { SECTOR_BYTES } from '../model/units.js';
import type { ByteLocation, ImageFormat } from './image-source.js';
import { openBytes } from './open-bytes.js';

const VHD_COOKIE = 'conectix';

/**
 * The format of an image by its own bytes, null when they tell nothing. An NBD export shows a disk's bytes, in which a
 * guest could write anything: it is raw. Rejects with SOURCE_*, HTTP_*, NBD_*, CONFIG_INVALID.
 */
export async function detectFormat(location: ByteLocation): Promise<ImageFormat | null> {
  if (location.kind === 'nbd') return 'raw';
  const bytes = await openBytes(location);
  try {
    const length = Math.min(bytes.length, SECTOR_BYTES);
    const head = (await readBytes(bytes, 0, length)).toString('latin1');
    if (head.startsWith('KDMV') || head.startsWith('COWD') || head.includes('# Disk DescriptorFile'))
      return 'vmdk';
    if (head.startsWith('QFI\u00fb')) return 'qcow2';
    if (head.startsWith(VHD_COOKIE)) return 'vhd';
    // The footer of a fixed VHD has 512 bytes, or 511 from old Virtual PCs.
    const tail = (await readBytes(bytes, bytes.length - length, length)).toString('latin1');
    return tail.startsWith(VHD_COOKIE) || tail.startsWith(VHD_COOKIE, 1) ? 'vhd' : null;
  } finally {
    bytes.close();
  }
}
