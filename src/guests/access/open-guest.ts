import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openSystem, type VolumeStore } from './guest-system.js';
import { type GuestVolume, passedOver } from './guest-volumes.js';
import { sweepWorkFolder } from './host-mounts.js';
import { isMountable, type MountedVolume, mountFileSystem } from './mounts.js';
import type { OpenedGuest } from './opened-guest.js';
import type { GuestDisk } from './overlay.js';
import { type DiskStore, type ExposedFiles, openDiskStore } from './storage-daemon.js';
import { volumesOfStore } from './store-volumes.js';

export interface OpenGuestOptions {
  /** Absolute path of a folder of this guest's own; what an earlier run left there is taken down first. */
  readonly workFolder: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the guest on its disks, the boot disk first and in the machine's order, with programs of this machine.
 * Rejects as `openSystem` does, and with GUEST_UNREADABLE, TOOL_*, CANCELED; nothing stays mounted then.
 */
export async function openGuest(
  disks: readonly GuestDisk[],
  { workFolder, signal }: OpenGuestOptions,
): Promise<OpenedGuest> {
  await mkdir(workFolder, { recursive: true, mode: 0o700 });
  await sweepWorkFolder(workFolder);
  const store = await openDiskStore(disks, workFolder, signal);
  try {
    return await openSystem(await directVolumes(store, disks.length, workFolder, signal));
  } catch (error) {
    await store.close().catch(() => {});
    throw error;
  }
}

async function directVolumes(
  store: DiskStore,
  disks: number,
  workFolder: string,
  signal: AbortSignal | undefined,
): Promise<VolumeStore> {
  const { volumes, problems } = await volumesOfStore(store, disks);
  const raw = volumes.flatMap((volume, index) =>
    volume.place === null || volume.refusal !== null || !isMountable(volume.fileSystem.type)
      ? []
      : [{ name: rawName(index), ...volume.place }],
  );
  const files = await store.expose(raw, signal);
  return new DirectVolumes(volumes, [...problems, ...passedOver(volumes)], {
    store,
    files,
    workFolder,
    signal,
  });
}

interface DirectAccess {
  readonly store: DiskStore;
  readonly files: ExposedFiles;
  readonly workFolder: string;
  readonly signal: AbortSignal | undefined;
}

/** Volumes as raw files of this machine. */
class DirectVolumes implements VolumeStore {
  readonly volumes: readonly GuestVolume[];
  readonly problems: string[];
  readonly #access: DirectAccess;
  #mounts = 0;

  constructor(volumes: readonly GuestVolume[], problems: string[], access: DirectAccess) {
    this.volumes = volumes;
    this.problems = problems;
    this.#access = access;
  }

  async mount(volume: GuestVolume, subvolume: string | null): Promise<MountedVolume> {
    const { files, workFolder, signal } = this.#access;
    this.#mounts += 1;
    return await mountFileSystem({
      image: files.path(rawName(this.volumes.indexOf(volume))),
      fileSystem: volume.fileSystem,
      folder: join(workFolder, `mount${this.#mounts}`),
      subvolume,
      signal,
    });
  }

  async close(): Promise<void> {
    const { files, store } = this.#access;
    try {
      await files.close();
    } finally {
      await store.close();
    }
  }
}

function rawName(index: number): string {
  return `volume${index}`;
}
