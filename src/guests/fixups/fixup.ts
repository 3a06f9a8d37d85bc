import type { Firmware, Nic } from '../../model/virtual-machine.js';
import type { GuestFiles } from '../files/guest-files.js';
import type { RegistryChange } from '../registry/registry-change.js';

/** A file system of the guest. */
export interface GuestFileSystem {
  /** As the guest on VMware calls it: `/dev/sda1`, `/dev/mapper/vg-root`. */
  readonly device: string;
  /** `ext4`, `xfs`, `ntfs`, `vfat`, `swap`, ... */
  readonly type: string;
  /** As blkid prints it; null when it has none. */
  readonly uuid: string | null;
  readonly label: string | null;
  /** Where the guest has it; null when nowhere. */
  readonly mountPoint: string | null;
}

/** What inspection found out about a guest. */
export interface InspectedGuest {
  readonly family: 'linux' | 'windows';
  /** `ID` of os-release or its like (`debian`, `ubuntu`, `rhel`, `centos`, `ol`, `sles`, ...); `windows`. */
  readonly distribution: string;
  /** `12`, `6.2`, `5.7`; for Windows the version and build: `6.3.9600`. */
  readonly version: string;
  /** For people. */
  readonly title: string;
  readonly architecture: 'x86_64' | 'i386' | null;
  readonly firmware: Firmware;
  /** In the machine's order, as they will be on Xen. */
  readonly nics: readonly Nic[];
  readonly fileSystems: readonly GuestFileSystem[];
}

/** What a fixup did, for the report: one sentence each. */
export interface FixupOutcome {
  readonly done: readonly string[];
  /** What happens when the guest starts for the first time. */
  readonly atFirstBoot: readonly string[];
  /** What the operator must look at. */
  readonly warnings: readonly string[];
  /** Of Windows, in order. */
  readonly registry: readonly RegistryChange[];
}

/** What the operator supplies. */
export interface FixupSupplies {
  /** Folder with guest tools: .deb, .rpm, .msi; null when there is none. */
  readonly toolsFolder: string | null;
}

/**
 * A named change to a guest. It works on a staged view: its writes are edits that are applied together later, so
 * that a refusal leaves nothing behind. Run on a guest that has it already it changes nothing.
 */
export interface Fixup {
  /** `linux/initramfs`, as profiles name it. */
  readonly id: string;
  readonly title: string;
  /** Rejects with GUEST_REFUSED when the guest must not be changed, or would not start. */
  run(guest: InspectedGuest, files: GuestFiles, supplies: FixupSupplies): Promise<FixupOutcome>;
}
