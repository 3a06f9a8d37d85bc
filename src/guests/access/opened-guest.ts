import type { GuestFiles } from '../files/guest-files.js';
import type { GuestFileSystem } from '../fixups/fixup.js';
import type { MountBackend } from './mounts.js';

/** A guest whose files can be read and written; writes end up in the overlays of its disks. */
export interface OpenedGuest {
  readonly family: 'linux' | 'windows';
  /** Windows' EFI system partition, which it has nowhere in its tree, is at `/EFI:`. */
  readonly files: GuestFiles;
  readonly fileSystems: readonly GuestFileSystem[];
  /** What reads and writes each mounted volume, by device. */
  readonly backends: Readonly<Record<string, MountBackend>>;
  /** For people: tables that were damaged, volumes that were passed over and why. */
  readonly problems: readonly string[];
  /** Writes everything to the overlays. Rejects when that fails: the overlays must not be used then. */
  close(): Promise<void>;
}
