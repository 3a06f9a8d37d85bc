import { type ErrorCode, XenferryError } from '../model/errors.js';

/** vSphere gives a machine 256 disks at most; each costs a look into its file. */
const MAX_DISKS = 1024;

/** Refuses a machine with more disks than any can have. Throws `code`. */
export function refuseEndlessDisks(disks: readonly unknown[], code: ErrorCode, file: string): void {
  if (disks.length <= MAX_DISKS) return;
  throw new XenferryError(code, `a machine with ${disks.length} disks is none that VMware runs`, { file });
}
