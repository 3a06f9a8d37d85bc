import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyReference } from '../../../model/destination.js';
import { XenferryError } from '../../../model/errors.js';
import type { FileSystemType } from '../file-system-type.js';
import { openSystem, type VolumeStore } from '../guest-system.js';
import { type GuestVolume, passedOver } from '../guest-volumes.js';
import { sweepWorkFolder } from '../host-mounts.js';
import { checkedSubvolume, type MountedVolume, whyNtfsRefused } from '../mounts.js';
import type { OpenedGuest } from '../opened-guest.js';
import type { GuestDisk } from '../overlay.js';
import { openDiskStore } from '../storage-daemon.js';
import { volumesOfStore } from '../store-volumes.js';
import { probeAcceleration } from './acceleration.js';
import { Appliance } from './appliance.js';
import { type ApplianceDevice, findDevices } from './appliance-devices.js';
import { ApplianceVolume } from './appliance-volume.js';
import { CommandFailure, type Guestfish, startGuestfish } from './guestfish.js';
import { readLuksKeys } from './luks-keys.js';

export interface LibguestfsOptions {
  /** Absolute path of a folder of this guest's own; what an earlier run left there is taken down first. */
  readonly workFolder: string;
  readonly signal?: AbortSignal | undefined;
  /** Tried on every LUKS volume. */
  readonly keys?: readonly KeyReference[];
  /** Absolute path of the folder that keeps whether KVM works; the user's cache by default. */
  readonly cacheFolder?: string;
}

/** MiB. LUKS derives its keys in up to a gibibyte. */
const MEMORY = 768;
const MEMORY_FOR_KEYS = 2048;

/**
 * Opens the guest on its disks as `openGuest` does, but in libguestfs' small machine: its kernel, not ours, mounts the
 * file systems, RAIDs and LVM are assembled there, and LUKS volumes are opened with the keys. It sees the overlays over
 * NBD on a socket, no file of this machine; partition tables are still read by our own readers.
 * Rejects as `openSystem` does, and with GUEST_UNREADABLE, CONFIG_INVALID, TOOL_*, CANCELED; nothing is left running.
 */
export async function openGuestByLibguestfs(
  disks: readonly GuestDisk[],
  { workFolder, signal, keys = [], cacheFolder }: LibguestfsOptions,
): Promise<OpenedGuest> {
  const secrets = await readLuksKeys(keys);
  await mkdir(workFolder, { recursive: true, mode: 0o700 });
  await sweepWorkFolder(workFolder);
  const { acceleration, remember } = await probeAcceleration({
    workFolder,
    signal,
    ...(cacheFolder === undefined ? {} : { cacheFolder }),
  });
  const store = await openDiskStore(disks, workFolder, signal);
  let guestfish: Guestfish | null = null;
  try {
    guestfish = await startGuestfish({
      folder: join(workFolder, 'gf'),
      backendSettings: `force_${acceleration}`,
      signal,
    });
    const { volumes, problems } = await volumesOfStore(store, disks.length);
    const appliance = new Appliance(guestfish);
    const exports = disks.map((_, index) => store.exportOf(index));
    await appliance.start(exports, secrets.length === 0 ? MEMORY : MEMORY_FOR_KEYS);
    await remember();
    const devices = await findDevices(appliance, volumes, secrets);
    const close = async () => {
      try {
        await appliance.stop();
      } finally {
        await store.close();
      }
    };
    return await openSystem(new ApplianceVolumes(appliance, devices, problems, close));
  } catch (error) {
    await guestfish?.kill();
    await store.close().catch(() => {});
    throw error;
  }
}

/** Volumes as devices of the appliance. */
class ApplianceVolumes implements VolumeStore {
  readonly volumes: readonly GuestVolume[];
  readonly problems: string[];
  readonly close: () => Promise<void>;
  readonly #appliance: Appliance;
  readonly #devices: readonly ApplianceDevice[];
  #mounts = 0;

  constructor(
    appliance: Appliance,
    devices: readonly ApplianceDevice[],
    problems: readonly string[],
    close: () => Promise<void>,
  ) {
    this.#appliance = appliance;
    this.#devices = devices;
    this.volumes = devices.map(({ volume }) => volume);
    this.problems = [...problems, ...passedOver(this.volumes)];
    this.close = close;
  }

  async mount(volume: GuestVolume, subvolume: string | null): Promise<MountedVolume> {
    const device = this.#devices[this.volumes.indexOf(volume)]?.device;
    if (device === undefined) throw new Error(`${volume.device} is no volume of the appliance`);
    const { type, unclean } = volume.fileSystem;
    const { guestfish } = this.#appliance;
    this.#mounts += 1;
    const folder = `/volume${this.#mounts}`;
    try {
      if (type === 'ntfs') await this.#checkNtfs(device, unclean);
      // A journal is replayed by the kernel, but errors are not repaired.
      if (unclean === 'journal') await guestfish.run('e2fsck', [device, 'correct:true']);
      const { driver, options } = mountOptions(type, subvolume);
      await guestfish.run('mkmountpoint', [folder]);
      await guestfish.run('mount-vfs', [options, driver, device, folder]);
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      throw refused(`libguestfs does not mount the file system of type ${type}`, error);
    }
    const isWindows = type === 'ntfs' || type === 'vfat';
    return {
      backend: 'libguestfs',
      volume: new ApplianceVolume(this.#appliance, folder, {
        foldsCase: isWindows,
        keepsAttributes: !isWindows,
      }),
      close: async () => {
        await this.#appliance.must('umount', [folder]);
        await this.#appliance.must('rmmountpoint', [folder]);
      },
    };
  }

  async #checkNtfs(device: string, unclean: FileSystemType['unclean']): Promise<void> {
    const answer = await this.#appliance.guestfish.run('ntfs-3g-probe', ['true', device]);
    const reason = whyNtfsRefused(unclean, Number(answer.toString()));
    if (reason !== null) throw refused(reason);
  }
}

function mountOptions(type: string, subvolume: string | null): { driver: string; options: string } {
  switch (type) {
    case 'ntfs':
      return { driver: 'ntfs-3g', options: 'norecover,streams_interface=none' };
    case 'xfs':
      return { driver: 'xfs', options: 'nouuid' };
    case 'btrfs':
      return { driver: 'btrfs', options: subvolume === null ? '' : `subvol=${checkedSubvolume(subvolume)}` };
    default:
      return { driver: type, options: '' };
  }
}

function refused(reason: string, cause?: unknown): XenferryError {
  return new XenferryError('GUEST_REFUSED', reason, { cause });
}
