import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

/** A program that work on guests calls. */
export interface GuestTool {
  readonly program: string;
  /** Debian's package with it. */
  readonly debianPackage: string;
  /** For people: what does not work without it. */
  readonly neededFor: string;
  /** Which guests it is needed for as a rule; `few`: some of either family. */
  readonly guests: 'any' | 'linux' | 'windows' | 'few';
}

/** Every program the access layer calls, with the Debian 12 package that holds it. */
export const GUEST_TOOLS: readonly GuestTool[] = [
  { program: 'qemu-img', debianPackage: 'qemu-utils', neededFor: 'changing any guest', guests: 'any' },
  {
    program: 'qemu-storage-daemon',
    debianPackage: 'qemu-system-common',
    neededFor: 'changing any guest',
    guests: 'any',
  },
  { program: 'fusermount3', debianPackage: 'fuse3', neededFor: 'changing any guest', guests: 'any' },
  { program: 'fuse2fs', debianPackage: 'fuse2fs', neededFor: 'ext2, ext3 and ext4', guests: 'linux' },
  {
    program: 'e2fsck',
    debianPackage: 'e2fsprogs',
    neededFor: 'ext3 and ext4 that were not shut down cleanly',
    guests: 'linux',
  },
  {
    program: 'setfattr',
    debianPackage: 'attr',
    neededFor: 'SELinux labels and Windows rights of new files',
    guests: 'any',
  },
  {
    program: 'getfattr',
    debianPackage: 'attr',
    neededFor: 'SELinux labels and Windows rights of new files',
    guests: 'any',
  },
  { program: 'ntfs-3g', debianPackage: 'ntfs-3g', neededFor: 'Windows', guests: 'windows' },
  { program: 'ntfs-3g.probe', debianPackage: 'ntfs-3g', neededFor: 'Windows', guests: 'windows' },
  { program: 'mcopy', debianPackage: 'mtools', neededFor: 'EFI system partitions', guests: 'few' },
  { program: 'mdir', debianPackage: 'mtools', neededFor: 'EFI system partitions', guests: 'few' },
  { program: 'mdel', debianPackage: 'mtools', neededFor: 'EFI system partitions', guests: 'few' },
  { program: 'mmd', debianPackage: 'mtools', neededFor: 'EFI system partitions', guests: 'few' },
  { program: 'mtype', debianPackage: 'mtools', neededFor: 'EFI system partitions', guests: 'few' },
  { program: 'xz', debianPackage: 'xz-utils', neededFor: 'initramfs files packed with xz', guests: 'linux' },
  {
    program: 'zstd',
    debianPackage: 'zstd',
    neededFor: 'initramfs files and XVAs packed with zstd',
    guests: 'linux',
  },
  { program: 'lz4', debianPackage: 'lz4', neededFor: 'initramfs files packed with lz4', guests: 'few' },
  { program: 'bzip2', debianPackage: 'bzip2', neededFor: 'initramfs files packed with bzip2', guests: 'few' },
  { program: 'mount', debianPackage: 'mount', neededFor: 'XFS and Btrfs, as root', guests: 'few' },
  { program: 'umount', debianPackage: 'mount', neededFor: 'XFS and Btrfs, as root', guests: 'few' },
  {
    program: 'guestfish',
    debianPackage: 'guestfish',
    neededFor: 'LUKS, Linux RAID, LVM that is not linear, Windows dynamic disks, untrusted guests',
    guests: 'few',
  },
];

/** Debian packages for libguestfs: the program, XFS, and a small kernel, which starts in half the time of the usual one. */
export const LIBGUESTFS_PACKAGES = ['guestfish', 'libguestfs-xfs', 'linux-image-cloud-amd64'] as const;

/** Where programs are looked for: users other than root often lack the folders of administration. */
export function toolPath(): string {
  return `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
}

/** Those of the tools that are not installed. */
export async function missingTools(): Promise<GuestTool[]> {
  const folders = toolPath()
    .split(':')
    .filter((folder) => folder.startsWith('/'));
  const found = await Promise.all(
    GUEST_TOOLS.map(({ program }) =>
      Promise.any(folders.map((folder) => access(join(folder, program), constants.X_OK))).then(
        () => true,
        () => false,
      ),
    ),
  );
  return GUEST_TOOLS.filter((_, index) => found[index] === false);
}

/** One command that installs the packages, each named once. */
export function installCommand(packages: readonly string[]): string {
  return `sudo apt-get install --no-install-recommends ${[...new Set(packages)].join(' ')}`;
}
