import { XenferryError } from '../../model/errors.js';
import { installCommand, LIBGUESTFS_PACKAGES } from '../tools/guest-tools.js';

/** A guest that only libguestfs may open: its system is on LUKS, RAID, dynamic disks or LVM that is not linear. */
export class NeedsLibguestfsError extends XenferryError {
  /** Whether it is of no use without a key for LUKS. */
  readonly needsKey: boolean;

  constructor(message: string, needsKey = false) {
    super('GUEST_REFUSED', message, {
      hint: needsKey
        ? 'Name a file with its passphrase: guests.luksKeys of the migration file, or --luks-key-file.'
        : `Install libguestfs, which opens it: ${installCommand(LIBGUESTFS_PACKAGES)}`,
    });
    this.needsKey = needsKey;
  }
}
