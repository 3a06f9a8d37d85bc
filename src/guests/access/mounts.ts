import { mkdir, rmdir } from 'node:fs/promises';
import { XenferryError } from '../../model/errors.js';
import { runTool } from '../tools/run-tool.js';
import { startDaemon } from './daemon.js';
import { FatVolume } from './fat-volume.js';
import type { FileSystemType } from './file-system-type.js';
import { FolderVolume, type FolderVolumeOptions } from './folder-volume.js';
import { isMounted, unmount } from './host-mounts.js';
import type { Volume } from './volume.js';

/** What reads and writes a file system. `kernel`: this machine's own driver, as root; `libguestfs`: one in a machine of its own. */
export type MountBackend = 'fuse2fs' | 'ntfs-3g' | 'mtools' | 'kernel' | 'libguestfs';

export interface MountedVolume {
  readonly backend: MountBackend;
  readonly volume: Volume;
  /** Writes everything out; the raw file may be closed then. */
  close(): Promise<void>;
}

export interface MountRequest {
  /** Absolute path of the raw file with the file system. */
  readonly image: string;
  readonly fileSystem: FileSystemType;
  /** Absolute path of a folder that is made for the mount. */
  readonly folder: string;
  /** Of Btrfs; null for its default one. */
  readonly subvolume?: string | null;
  readonly signal?: AbortSignal | undefined;
}

/** A file's security descriptor as ntfs-3g shows and takes it (ntfs-3g(8), access to extended attributes). */
const NTFS_RIGHTS = 'system.ntfs_acl';
/** ntfs-3g.probe(8). */
const HIBERNATED = 14;
const UNCLEAN_LOG = 15;

/**
 * Makes a file system readable and writable with what needs the least rights: FUSE programs and mtools need none,
 * XFS and Btrfs have no writer outside of the kernel and need root.
 *
 * A private mount namespace would hide the kernel's mounts, but a namespace belongs to a whole process from its start
 * and Node cannot enter one. So they are made in a work folder that only we may enter, without devices, set-user-id
 * programs or executables, and go as soon as the guest is closed.
 *
 * Rejects with GUEST_REFUSED for what must not be written or cannot be reached, saying why; TOOL_*; CANCELED.
 */
export async function mountFileSystem(request: MountRequest): Promise<MountedVolume> {
  const { type } = request.fileSystem;
  switch (type) {
    case 'ext2':
    case 'ext3':
    case 'ext4':
      return await mountExt(request);
    case 'ntfs':
      return await mountNtfs(request);
    case 'vfat':
      return {
        backend: 'mtools',
        volume: new FatVolume(request.image, request.signal),
        close: async () => {},
      };
    case 'xfs':
      return await mountByKernel(request, ['nouuid']);
    case 'btrfs': {
      const { subvolume } = request;
      return await mountByKernel(request, subvolume == null ? [] : [`subvol=${checkedSubvolume(subvolume)}`]);
    }
    default:
      throw refused(`a file system of type ${type} cannot be changed`);
  }
}

/** File systems that `mountFileSystem` takes, given the rights. */
export function isMountable(type: string): boolean {
  return ['ext2', 'ext3', 'ext4', 'ntfs', 'vfat', 'xfs', 'btrfs'].includes(type);
}

async function mountExt(request: MountRequest): Promise<MountedVolume> {
  const { image, fileSystem, signal } = request;
  if (fileSystem.unclean === 'journal') {
    // fuse2fs does not replay reliably; e2fsck does, on the overlay. 1: errors were corrected.
    try {
      await runTool('e2fsck', ['-p', image], { signal, alsoGood: [1] });
    } catch (error) {
      if (!(error instanceof XenferryError) || error.code !== 'TOOL_FAILED') throw error;
      throw refused(
        'the file system was not shut down cleanly and cannot be repaired without questions',
        error,
      );
    }
  }
  // Without this others than root would be bound by the guest's own permissions.
  const rights = process.getuid?.() === 0 ? [] : ['fakeroot'];
  const options = ['no_default_opts', 'nosuid', 'nodev', ...rights];
  const volume = { foldsCase: false, keepsAttributes: true };
  return await mountByFuse(
    'fuse2fs',
    request,
    [image, request.folder, '-f', '-o', options.join(',')],
    volume,
  );
}

async function mountNtfs(request: MountRequest): Promise<MountedVolume> {
  const { image, fileSystem, signal } = request;
  const { exitCode } = await runTool('ntfs-3g.probe', ['--readwrite', image], {
    signal,
    alsoGood: [HIBERNATED, UNCLEAN_LOG],
  });
  const reason = whyNtfsRefused(fileSystem.unclean, exitCode);
  if (reason !== null) throw refused(reason);
  const options = 'no_detach,norecover,no_def_opts,streams_interface=none,nosuid,nodev,noexec';
  const volume = { foldsCase: true, keepsAttributes: false, rightsAttribute: NTFS_RIGHTS };
  return await mountByFuse('ntfs-3g', request, ['-o', options, image, request.folder], volume);
}

/** Why an NTFS must not be written; `probed` is what ntfs-3g.probe says. Null when it may. */
export function whyNtfsRefused(unclean: FileSystemType['unclean'], probed: number): string | null {
  if (unclean === 'dirty') return 'Windows wants to check the volume: it was not shut down cleanly';
  if (probed === HIBERNATED) {
    return 'Windows is hibernated or shut down for a fast start; shut it down with `shutdown /s /t 0`';
  }
  return probed === UNCLEAN_LOG ? 'Windows was not shut down cleanly' : null;
}

async function mountByFuse(
  program: 'fuse2fs' | 'ntfs-3g',
  { folder, signal }: MountRequest,
  args: readonly string[],
  options: FolderVolumeOptions,
): Promise<MountedVolume> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const daemon = await startDaemon(program, args, folder, () => isMounted(folder), signal);
  return {
    backend: program,
    volume: new FolderVolume(folder, options),
    close: async () => {
      await unmount(folder);
      await daemon.ended();
      await rmdir(folder);
    },
  };
}

async function mountByKernel(
  { image, fileSystem, folder, signal }: MountRequest,
  special: readonly string[],
): Promise<MountedVolume> {
  const { type } = fileSystem;
  if (process.getuid?.() !== 0) throw refused(`a file system of type ${type} can be changed by root only`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const options = ['loop', 'nosuid', 'nodev', 'noexec', ...special].join(',');
  try {
    await runTool('mount', ['-t', type, '-o', options, '--', image, folder], { signal });
  } catch (error) {
    await unmount(folder);
    await rmdir(folder);
    if (!(error instanceof XenferryError) || error.code !== 'TOOL_FAILED') throw error;
    throw refused(`the kernel does not mount the file system of type ${type}`, error);
  }
  return {
    backend: 'kernel',
    volume: new FolderVolume(folder, { foldsCase: false, keepsAttributes: true }),
    close: async () => {
      await unmount(folder);
      await rmdir(folder);
    },
  };
}

/** A subvolume's path for mount's options, where a comma would begin another. Throws GUEST_REFUSED. */
export function checkedSubvolume(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the guest's fstab may hold anything
  if (/[,\\\u0000-\u001f]/.test(path)) throw refused(`the subvolume ${JSON.stringify(path)} cannot be named`);
  return path;
}

function refused(reason: string, cause?: unknown): XenferryError {
  return new XenferryError('GUEST_REFUSED', reason, { cause });
}
