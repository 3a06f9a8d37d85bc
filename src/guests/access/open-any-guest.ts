import { XenferryError } from '../../model/errors.js';
import { type LibguestfsOptions, openGuestByLibguestfs } from './libguestfs/open-guest-by-libguestfs.js';
import { NeedsLibguestfsError } from './needs-libguestfs.js';
import { openGuest } from './open-guest.js';
import type { OpenedGuest } from './opened-guest.js';
import type { GuestDisk } from './overlay.js';

export interface AnyGuestOptions extends LibguestfsOptions {
  /** Opens it in a machine of its own whatever it is: for guests that nobody vouches for. */
  readonly isolate?: boolean;
}

/**
 * Opens the guest the quick way, with programs of this machine, and where that cannot reach its system, by libguestfs.
 * Nobody waits for it where a key is missing. Rejects as both do; with `NeedsLibguestfsError` where libguestfs is needed and not installed.
 */
export async function openAnyGuest(
  disks: readonly GuestDisk[],
  { isolate = false, ...options }: AnyGuestOptions,
): Promise<OpenedGuest> {
  if (isolate) return await byLibguestfs(disks, options, 'the guest is to be opened in isolation');
  try {
    return await openGuest(disks, options);
  } catch (error) {
    if (!(error instanceof NeedsLibguestfsError)) throw error;
    if (error.needsKey && (options.keys ?? []).length === 0) throw error;
    return await byLibguestfs(disks, options, error.message);
  }
}

async function byLibguestfs(
  disks: readonly GuestDisk[],
  options: LibguestfsOptions,
  reason: string,
): Promise<OpenedGuest> {
  try {
    return await openGuestByLibguestfs(disks, options);
  } catch (error) {
    const isMissing = error instanceof XenferryError && error.code === 'TOOL_MISSING';
    throw isMissing ? new NeedsLibguestfsError(reason) : error;
  }
}
