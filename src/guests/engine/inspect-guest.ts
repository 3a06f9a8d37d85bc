import { XenferryError } from '../../model/errors.js';
import type { Firmware, Nic } from '../../model/virtual-machine.js';
import type { OpenedGuest } from '../access/opened-guest.js';
import type { InspectedGuest } from '../fixups/fixup.js';
import { inspectLinux } from '../inspection/linux.js';
import { inspectWindows } from '../inspection/windows.js';
import { matchProfile, type Profile } from '../profiles/index.js';

/** What VMware gave the machine around its disks. */
export interface GuestMachine {
  readonly firmware: Firmware;
  /** In the machine's order. */
  readonly nics: readonly Nic[];
}

/** Finds out which system an opened guest has. Rejects with GUEST_UNRECOGNIZED, GUEST_UNREADABLE, GUEST_REFUSED. */
export async function inspectGuest(
  { family, files, fileSystems }: OpenedGuest,
  { firmware, nics }: GuestMachine,
): Promise<InspectedGuest> {
  const inspect = family === 'windows' ? inspectWindows : inspectLinux;
  const guest = await inspect(files, firmware, nics, fileSystems);
  if (guest !== null) return guest;
  throw new XenferryError('GUEST_UNRECOGNIZED', 'there is a system on the disks, but not which one it is');
}

/**
 * The profile whose fixups a guest gets: the planned one, unless the disks hold a system of another family. Then it is
 * what inspection found that counts. Throws PROFILE_INVALID when no profile fits.
 */
export function profileFor(
  { family, title, architecture }: Pick<InspectedGuest, 'family' | 'title' | 'architecture'>,
  planned: Profile | null,
  profiles: readonly Profile[],
): Profile {
  if (planned?.family === family) return planned;
  const osDescription = architecture === 'i386' ? `${title} (32-bit)` : title;
  const evidence = { guestOs: '', cimOs: null, osDescription, reportedOs: null };
  const found = matchProfile(profiles, evidence)?.profile ?? profiles.find((known) => known.id === family);
  if (found?.family === family) return found;
  throw new XenferryError('PROFILE_INVALID', `no profile fits ${title}`);
}
