import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteSource } from '../../io/byte-source.js';
import { XenferryError } from '../../model/errors.js';
import { MIB } from '../../model/units.js';
import { openNbd } from '../../nbd/index.js';
import type { GuestFiles } from '../files/guest-files.js';
import type { GuestFileSystem } from '../fixups/fixup.js';
import { type FstabLine, readFstab } from './fstab.js';
import { findVolumes, type GuestVolume, volumeNamed } from './guest-volumes.js';
import { sweepWorkFolder } from './host-mounts.js';
import { MountedFiles, type VolumePlace } from './mounted-files.js';
import {
  isMountable,
  type MountBackend,
  type MountedVolume,
  mountFileSystem,
  whyUnreachable,
} from './mounts.js';
import type { GuestDisk } from './overlay.js';
import { type DiskStore, type ExposedFiles, openDiskStore } from './storage-daemon.js';

export interface OpenGuestOptions {
  /** Absolute path of a folder of this guest's own; what an earlier run left there is taken down first. */
  readonly workFolder: string;
  readonly signal?: AbortSignal | undefined;
}

/** A guest whose files can be read and written; writes end up in the overlays of its disks. */
export interface OpenedGuest {
  readonly family: 'linux' | 'windows';
  readonly files: GuestFiles;
  /** The EFI system partition by itself; null when there is none. */
  readonly efi: GuestFiles | null;
  readonly fileSystems: readonly GuestFileSystem[];
  /** What reads and writes each mounted volume, by device. */
  readonly backends: Readonly<Record<string, MountBackend>>;
  /** For people: tables that were damaged, volumes that were passed over and why. */
  readonly problems: readonly string[];
  /** Writes everything to the overlays. Rejects when that fails: the overlays must not be used then. */
  close(): Promise<void>;
}

/** What a system needs to be changed as a whole; data volumes are left alone. */
const SYSTEM_MOUNT = /^\/(?:boot|efi|usr|var|opt|etc)(?:\/|$)/;
/** Subvolumes in which installers put the root of a Btrfs whose default is the top. */
const ROOT_SUBVOLUMES = [null, '@', 'root', '@/root'];
const UNREACHABLE = ['crypto_LUKS', 'BitLocker', 'linux_raid_member'];
const MAX_MOUNTS = 32;
const MAX_FSTAB = MIB;
const EFI_GUID = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const EFI_MBR_TYPE = 'ef';
/** Windows has that partition nowhere in its tree; no file of its own can have a colon in its name. */
const WINDOWS_EFI = '/EFI:';

/**
 * Opens the guest on its disks, the boot disk first and in the machine's order. A Linux root has /etc and /usr or
 * /bin; Windows has Windows/System32/config in any letter case. Volumes of the system are mounted where fstab says.
 * Rejects with GUEST_UNRECOGNIZED when there is no system, GUEST_REFUSED when it must not be changed or there are two,
 * GUEST_UNREADABLE, TOOL_*, CANCELED; nothing stays mounted then.
 */
export async function openGuest(
  disks: readonly GuestDisk[],
  { workFolder, signal }: OpenGuestOptions,
): Promise<OpenedGuest> {
  await mkdir(workFolder, { recursive: true, mode: 0o700 });
  await sweepWorkFolder(workFolder);
  const session = new GuestSession(disks, workFolder, signal);
  try {
    return await session.open();
  } catch (error) {
    // The first error says what happened; what follows from it would only hide it.
    await session.close().catch(() => {});
    throw error;
  }
}

interface Mounted {
  readonly volume: GuestVolume;
  readonly mounted: MountedVolume;
}

interface Root {
  readonly family: 'linux' | 'windows';
  /** Of Linux. */
  readonly fstab: readonly FstabLine[];
}

class GuestSession {
  readonly #disks: readonly GuestDisk[];
  readonly #folder: string;
  readonly #signal: AbortSignal | undefined;
  readonly #open: Mounted[] = [];
  readonly #problems: string[] = [];
  #volumes: readonly GuestVolume[] = [];
  #store: DiskStore | null = null;
  #files: ExposedFiles | null = null;
  #mounts = 0;

  constructor(disks: readonly GuestDisk[], folder: string, signal: AbortSignal | undefined) {
    this.#disks = disks;
    this.#folder = folder;
    this.#signal = signal;
  }

  async open(): Promise<OpenedGuest> {
    const store = await openDiskStore(this.#disks, this.#folder, this.#signal);
    this.#store = store;
    await this.#findVolumes(store);
    const raw = this.#volumes.flatMap((volume, index) =>
      volume.place === null || !isMountable(volume.fileSystem.type)
        ? []
        : [{ name: rawName(index), ...volume.place }],
    );
    this.#files = await store.expose(raw, this.#signal);
    const root = await this.#findRoot();
    const system = root.family === 'linux' ? await this.#mountSystem(root) : [placeOf('/', root)];
    const efi = await this.#openEfi();
    const places =
      root.family === 'windows' && efi !== null ? [...system, placeOf(WINDOWS_EFI, efi)] : system;
    return {
      family: root.family,
      files: new MountedFiles(places),
      efi: efi === null ? null : new MountedFiles([placeOf('/', efi)]),
      fileSystems: this.#fileSystems(root, efi),
      backends: Object.fromEntries(this.#open.map(({ volume, mounted }) => [volume.device, mounted.backend])),
      problems: this.#problems,
      close: () => this.close(),
    };
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    const attempt = (step: Promise<void> | undefined) =>
      step?.catch((error: unknown) => failures.push(error));
    for (const { mounted } of this.#open.splice(0).reverse()) await attempt(mounted.close());
    await attempt(this.#files?.close());
    this.#files = null;
    await attempt(this.#store?.close());
    this.#store = null;
    if (failures.length > 0) throw failures[0];
  }

  async #findVolumes(store: DiskStore): Promise<void> {
    const sources: ByteSource[] = [];
    try {
      for (const index of this.#disks.keys()) {
        sources.push(await openNbd(store.uri(index), { truncatedCode: 'GUEST_UNREADABLE' }));
      }
      const { volumes, problems } = await findVolumes(sources);
      this.#volumes = volumes;
      this.#problems.push(...problems);
    } finally {
      for (const source of sources) source.close();
    }
  }

  async #findRoot(): Promise<Mounted & Root> {
    const roots: Array<Mounted & Root> = [];
    for (const volume of this.#volumes) {
      const { type } = volume.fileSystem;
      if (volume.place === null || !isMountable(type) || type === 'vfat') continue;
      const root = await this.#rootOn(volume);
      if (root !== null) roots.push(root);
    }
    const [root, second] = roots;
    if (root !== undefined && second === undefined) return root;
    if (root !== undefined && second !== undefined) {
      const devices = `${root.volume.device} and ${second.volume.device}`;
      throw new XenferryError('GUEST_REFUSED', `there is more than one system on the disks: on ${devices}`);
    }
    throw this.#noRoot();
  }

  async #rootOn(volume: GuestVolume): Promise<(Mounted & Root) | null> {
    const subvolumes = volume.fileSystem.type === 'btrfs' ? ROOT_SUBVOLUMES : [null];
    for (const subvolume of subvolumes) {
      const mounted = await this.#mount(volume, subvolume).catch((error: unknown) => {
        if (!(error instanceof XenferryError) || error.code !== 'GUEST_REFUSED') throw error;
        this.#problems.push(`${volume.device}: ${error.message}`);
        return null;
      });
      if (mounted === null) continue;
      const root = await rootIn(new MountedFiles([{ mountPoint: '/', volume: mounted.mounted.volume }]));
      if (root !== null) return { ...mounted, ...root };
      await this.#unmount(mounted);
    }
    return null;
  }

  /** What was passed over is the likeliest place of a system that was not found. */
  #noRoot(): XenferryError {
    for (const { device, fileSystem } of this.#volumes) {
      if (UNREACHABLE.includes(fileSystem.type))
        this.#problems.push(`${device}: ${whyUnreachable(fileSystem.type)}`);
    }
    return this.#problems.length === 0
      ? new XenferryError('GUEST_UNRECOGNIZED', 'no system was found on the disks')
      : new XenferryError(
          'GUEST_REFUSED',
          `no system could be opened: ${this.#problems.slice(0, 8).join('; ')}`,
        );
  }

  async #mountSystem(root: Mounted & Root): Promise<VolumePlace[]> {
    const places: VolumePlace[] = [{ mountPoint: '/', volume: root.mounted.volume }];
    for (const line of root.fstab) {
      const mountPoint = line.mountPoint.replace(/\/+$/, '');
      if (!SYSTEM_MOUNT.test(mountPoint) || /\/\.\.?(?:\/|$)/.test(mountPoint) || places.length > MAX_MOUNTS)
        continue;
      const volume = volumeNamed(this.#volumes, line.device);
      if (volume === null || (volume.place !== null && !isMountable(volume.fileSystem.type))) continue;
      if (volume.place === null) throw refused(`${mountPoint} is on ${volume.device}: ${volume.refusal}`);
      const { mounted } = await this.#mount(volume, subvolumeOf(line));
      places.push({ mountPoint, volume: mounted.volume });
    }
    return places;
  }

  async #openEfi(): Promise<Mounted | null> {
    const esp = this.#volumes.find(
      ({ partitionType, fileSystem }) =>
        fileSystem.type === 'vfat' && (partitionType === EFI_GUID || partitionType === EFI_MBR_TYPE),
    );
    if (esp === undefined) return null;
    return this.#open.find(({ volume }) => volume === esp) ?? (await this.#mount(esp, null));
  }

  async #mount(volume: GuestVolume, subvolume: string | null): Promise<Mounted> {
    if (this.#files === null) throw new Error('the raw files are closed');
    this.#mounts += 1;
    const mounted = await mountFileSystem({
      image: this.#files.path(rawName(this.#volumes.indexOf(volume))),
      fileSystem: volume.fileSystem,
      folder: join(this.#folder, `mount${this.#mounts}`),
      subvolume,
      signal: this.#signal,
    });
    const entry = { volume, mounted };
    this.#open.push(entry);
    return entry;
  }

  async #unmount(entry: Mounted): Promise<void> {
    this.#open.splice(this.#open.indexOf(entry), 1);
    await entry.mounted.close();
  }

  #fileSystems(root: Mounted & Root, efi: Mounted | null): GuestFileSystem[] {
    return this.#volumes.map((volume) => {
      const { type, uuid, label } = volume.fileSystem;
      const line = root.fstab.find(({ device }) => volumeNamed(this.#volumes, device) === volume);
      const isWindowsEfi = root.family === 'windows' && volume === efi?.volume;
      const known = isWindowsEfi ? WINDOWS_EFI : (line?.mountPoint ?? null);
      const mountPoint = volume === root.volume ? '/' : known;
      return {
        device: volume.device,
        type,
        uuid,
        label,
        mountPoint: mountPoint?.startsWith('/') ? mountPoint : null,
      };
    });
  }
}

async function rootIn(files: GuestFiles): Promise<Root | null> {
  if (await isFolder(files, '/Windows/System32/config')) return { family: 'windows', fstab: [] };
  const isLinux =
    (await isFolder(files, '/etc')) && ((await isFolder(files, '/usr')) || (await isFolder(files, '/bin')));
  if (!isLinux) return null;
  const fstab = await files.read('/etc/fstab', MAX_FSTAB);
  return { family: 'linux', fstab: readFstab(fstab?.toString() ?? '') };
}

async function isFolder(files: GuestFiles, path: string): Promise<boolean> {
  const entry = await files.entry(path);
  // `/bin` of merged systems is a link to `usr/bin`.
  return entry?.kind === 'folder' || (entry?.kind === 'link' && (await files.list(path)).length > 0);
}

function placeOf(mountPoint: string, { mounted }: Mounted): VolumePlace {
  return { mountPoint, volume: mounted.volume };
}

function subvolumeOf({ options }: FstabLine): string | null {
  return options.find((option) => option.startsWith('subvol='))?.slice('subvol='.length) ?? null;
}

function rawName(index: number): string {
  return `volume${index}`;
}

function refused(message: string): XenferryError {
  return new XenferryError('GUEST_REFUSED', message);
}
