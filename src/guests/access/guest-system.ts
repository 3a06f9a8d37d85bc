import { XenferryError } from '../../model/errors.js';
import { MIB } from '../../model/units.js';
import type { GuestFiles } from '../files/guest-files.js';
import type { GuestFileSystem } from '../fixups/fixup.js';
import { type FstabLine, readCrypttab, readFstab } from './fstab.js';
import { type GuestVolume, openLuksName, volumeNamed } from './guest-volumes.js';
import { MountedFiles, type VolumePlace } from './mounted-files.js';
import { isMountable, type MountedVolume } from './mounts.js';
import { NeedsLibguestfsError } from './needs-libguestfs.js';
import type { OpenedGuest } from './opened-guest.js';

/** The disks of a guest, one way or another: their volumes, and a way to mount them. */
export interface VolumeStore {
  readonly volumes: readonly GuestVolume[];
  /** For people; grows while volumes are passed over. */
  readonly problems: string[];
  /** `subvolume`: of Btrfs; null for its default one. Rejects as `mountFileSystem` does. */
  mount(volume: GuestVolume, subvolume: string | null): Promise<MountedVolume>;
  /** Once every mount is closed: writes everything to the overlays. */
  close(): Promise<void>;
}

/** What a system needs to be changed as a whole; data volumes are left alone. */
const SYSTEM_MOUNT = /^\/(?:boot|efi|usr|var|opt|etc)(?:\/|$)/;
/** Subvolumes in which installers put the root of a Btrfs whose default is the top. */
const ROOT_SUBVOLUMES = [null, '@', 'root', '@/root'];
const MAX_MOUNTS = 32;
const MAX_FSTAB = MIB;
const EFI_GUID = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const EFI_MBR_TYPE = 'ef';
/** Windows has that partition nowhere in its tree; no file of its own can have a colon in its name. */
const WINDOWS_EFI = '/EFI:';

/**
 * Finds the system on a guest's volumes and mounts what it is made of. A Linux root has /etc and /usr or /bin; Windows
 * has Windows/System32/config in any letter case. Volumes of the system are mounted where fstab says.
 * Rejects with GUEST_UNRECOGNIZED when there is no system, GUEST_REFUSED when it must not be changed or there are two,
 * `NeedsLibguestfsError` where that may open it, and as the store does; the store is closed then.
 */
export async function openSystem(store: VolumeStore): Promise<OpenedGuest> {
  const session = new SystemSession(store);
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
  /** Of Linux: devices of encrypted volumes by the names that the guest opens them under. */
  readonly crypttab: ReadonlyMap<string, string>;
}

class SystemSession {
  readonly #store: VolumeStore;
  readonly #volumes: readonly GuestVolume[];
  readonly #problems: string[];
  readonly #open: Mounted[] = [];
  #isClosed = false;

  constructor(store: VolumeStore) {
    this.#store = store;
    this.#volumes = store.volumes;
    this.#problems = store.problems;
  }

  async open(): Promise<OpenedGuest> {
    const root = await this.#findRoot();
    const efi = root.family === 'windows' ? await this.#openEfi() : null;
    const system = root.family === 'linux' ? await this.#mountSystem(root) : [placeOf('/', root)];
    const places = efi === null ? system : [...system, placeOf(WINDOWS_EFI, efi)];
    return {
      family: root.family,
      files: new MountedFiles(places),
      fileSystems: this.#fileSystems(root, efi),
      backends: Object.fromEntries(this.#open.map(({ volume, mounted }) => [volume.device, mounted.backend])),
      problems: this.#problems,
      close: () => this.close(),
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const failures: unknown[] = [];
    const attempt = (step: Promise<void>) => step.catch((error: unknown) => failures.push(error));
    for (const { mounted } of this.#open.splice(0).reverse()) await attempt(mounted.close());
    await attempt(this.#store.close());
    if (failures.length > 0) throw failures[0];
  }

  async #findRoot(): Promise<Mounted & Root> {
    const roots: Array<Mounted & Root> = [];
    for (const volume of this.#volumes) {
      if (!canMount(volume) || volume.fileSystem.type === 'vfat') continue;
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
    if (this.#problems.length === 0) {
      return new XenferryError('GUEST_UNRECOGNIZED', 'no system was found on the disks');
    }
    const message = `no system could be opened: ${this.#problems.slice(0, 8).join('; ')}`;
    const hidden = this.#volumes.filter(({ needsLibguestfs }) => needsLibguestfs);
    return hidden.length > 0
      ? new NeedsLibguestfsError(message, hidden.every(isLuks))
      : new XenferryError('GUEST_REFUSED', message);
  }

  async #mountSystem(root: Mounted & Root): Promise<VolumePlace[]> {
    const places: VolumePlace[] = [placeOf('/', root)];
    for (const line of root.fstab) {
      const mountPoint = line.mountPoint.replace(/\/+$/, '');
      if (!SYSTEM_MOUNT.test(mountPoint) || /\/\.\.?(?:\/|$)/.test(mountPoint) || places.length > MAX_MOUNTS)
        continue;
      const volume = this.#volumeOf(root, line.device);
      if (volume === null) {
        this.#refuseHidden(line);
        continue;
      }
      if (volume.refusal !== null) throw refusalOf(mountPoint, 'is', volume);
      if (!canMount(volume)) continue;
      const { mounted } = await this.#mount(volume, subvolumeOf(line));
      places.push({ mountPoint, volume: mounted.volume });
    }
    return places;
  }

  #volumeOf({ crypttab }: Root, device: string): GuestVolume | null {
    const volume = volumeNamed(this.#volumes, device);
    const encrypted = crypttab.get(device);
    if (volume !== null || encrypted === undefined) return volume;
    const uuid = volumeNamed(this.#volumes, encrypted)?.fileSystem.uuid;
    return uuid == null ? null : volumeNamed(this.#volumes, openLuksName(uuid));
  }

  /** A part of the system that nobody sees may lie within what was passed over; without it the rest is not whole. */
  #refuseHidden({ device, mountPoint, options }: FstabLine): void {
    const isOfDisk = device.startsWith('/dev/') || /^(?:UUID|LABEL|PARTUUID|PARTLABEL)=/.test(device);
    if (!isOfDisk || options.includes('nofail') || options.includes('noauto')) return;
    const hiding = this.#volumes.find(({ refusal }) => refusal !== null);
    if (hiding !== undefined) throw refusalOf(mountPoint, 'may be', hiding);
  }

  async #openEfi(): Promise<Mounted | null> {
    const esp = this.#volumes.find(
      ({ partitionType, fileSystem }) =>
        fileSystem.type === 'vfat' && (partitionType === EFI_GUID || partitionType === EFI_MBR_TYPE),
    );
    return esp === undefined ? null : await this.#mount(esp, null);
  }

  async #mount(volume: GuestVolume, subvolume: string | null): Promise<Mounted> {
    const entry = { volume, mounted: await this.#store.mount(volume, subvolume) };
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
      const line = root.fstab.find(({ device }) => this.#volumeOf(root, device) === volume);
      const known = volume === efi?.volume ? WINDOWS_EFI : (line?.mountPoint ?? null);
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

function canMount({ refusal, fileSystem }: GuestVolume): boolean {
  return refusal === null && isMountable(fileSystem.type);
}

function refusalOf(mountPoint: string, verb: string, volume: GuestVolume): XenferryError {
  const message = `${mountPoint} ${verb} on ${volume.device}: ${volume.refusal}`;
  return volume.needsLibguestfs
    ? new NeedsLibguestfsError(message, isLuks(volume))
    : new XenferryError('GUEST_REFUSED', message);
}

async function rootIn(files: GuestFiles): Promise<Root | null> {
  if (await isFolder(files, '/Windows/System32/config')) {
    return { family: 'windows', fstab: [], crypttab: new Map() };
  }
  const isLinux =
    (await isFolder(files, '/etc')) && ((await isFolder(files, '/usr')) || (await isFolder(files, '/bin')));
  if (!isLinux) return null;
  const fstab = await files.read('/etc/fstab', MAX_FSTAB);
  const crypttab = await files.read('/etc/crypttab', MAX_FSTAB);
  return {
    family: 'linux',
    fstab: readFstab(fstab?.toString() ?? ''),
    crypttab: readCrypttab(crypttab?.toString() ?? ''),
  };
}

async function isFolder(files: GuestFiles, path: string): Promise<boolean> {
  const entry = await files.entry(path);
  // `/bin` of merged systems is a link to `usr/bin`.
  return entry?.kind === 'folder' || (entry?.kind === 'link' && (await files.list(path)).length > 0);
}

function isLuks({ fileSystem }: GuestVolume): boolean {
  return fileSystem.type === 'crypto_LUKS';
}

function placeOf(mountPoint: string, { mounted }: Mounted): VolumePlace {
  return { mountPoint, volume: mounted.volume };
}

function subvolumeOf({ options }: FstabLine): string | null {
  return options.find((option) => option.startsWith('subvol='))?.slice('subvol='.length) ?? null;
}
