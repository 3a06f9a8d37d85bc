import { XenferryError } from '../../model/errors.js';
import { installCommand, LIBGUESTFS_PACKAGES } from './tools.js';

/** A guest that only libguestfs may open: its system is on LUKS, RAID, dynamic disks or LVM that is not linear. */
export class NeedsLibguestfsError extends XenferryError {
  constructor(message: string) {
    super('GUEST_REFUSED', message, {
      hint: `Install libguestfs, which opens it: ${installCommand(LIBGUESTFS_PACKAGES)}`,
    });
  }
}
