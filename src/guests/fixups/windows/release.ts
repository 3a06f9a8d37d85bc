import type { InspectedGuest } from '../fixup.js';

/** Versions of Windows NT as `InspectedGuest.version` begins; servers in the second half. */
export const WINDOWS = {
  /** Windows Server 2008. */
  vista: '6.0',
  /** 2008 R2. */
  seven: '6.1',
  /** 2012. */
  eight: '6.2',
  /** 2012 R2. */
  eightOne: '6.3',
} as const;

/** Windows 10 1607 and Server 2016. */
const BUILD_1607 = 14_393;

export function isAtLeast(guest: InspectedGuest, version: string): boolean {
  const [major = 0, minor = 0] = numbersOf(guest.version);
  const [wantedMajor = 0, wantedMinor = 0] = numbersOf(version);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** What the guest tools that are made today ask for. */
export function isAtLeast1607(guest: InspectedGuest): boolean {
  return isAtLeast(guest, '10.0') && (numbersOf(guest.version)[2] ?? 0) >= BUILD_1607;
}

function numbersOf(version: string): number[] {
  return version.split('.').map(Number);
}
