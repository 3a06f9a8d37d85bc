import type { InspectedGuest } from '../fixup.js';

const RED_HAT: readonly string[] = ['rhel', 'centos', 'ol', 'scientific'];

/** EL 4 and 5: kernel 2.6.9 and 2.6.18, whose IDE driver is built in and calls disks hda. */
export function namesDisksHd({ distribution, version }: InspectedGuest): boolean {
  return RED_HAT.includes(distribution) && /^[45](?:\.|$)/.test(version);
}
