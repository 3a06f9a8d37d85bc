import type { InspectedGuest } from '../../fixup.js';
import { namesDisksHd } from '../old-kernels.js';

/** A disk of a name: `sdb3` is disk 1, partition 3; `nvme0n2` disk 1 as a whole. */
interface DiskPart {
  readonly disk: number;
  /** Null for the whole disk. */
  readonly partition: number | null;
}

const LETTERED = /^\/dev\/(?:sd|hd|vd|xvd)([a-z])(\d{1,3})?$/;
const NVME = /^\/dev\/nvme(\d{1,2})n(\d{1,2})(?:p(\d{1,3}))?$/;
const CCISS = /^\/dev\/cciss\/c\d+d(\d{1,2})(?:p(\d{1,3}))?$/;
/** Ids of device mapper, LVM and RAID are their own and hold anywhere. */
const BY_PLACE = /^\/dev\/disk\/by-(?:id|path)\/(?!(?:dm|lvm|md)-)[\w.:+-]+?(?:-part(\d{1,3}))?$/;

/** What fstab has in place of a mount point for swap (fstab(5)). */
const NO_MOUNT_POINTS: readonly string[] = ['none', 'swap'];

/** Names of disks as VMware gave them, and what they are on Xen. */
export class DiskNames {
  readonly #guest: InspectedGuest;
  readonly #uuids = new Map<string, string>();
  readonly #disks = new Set<number>();
  readonly #warned = new Set<string>();

  constructor(guest: InspectedGuest) {
    this.#guest = guest;
    for (const { device, uuid } of guest.fileSystems) {
      const part = partOf(device);
      if (part === null) continue;
      this.#disks.add(part.disk);
      if (uuid !== null && /^[\w-]+$/.test(uuid)) this.#uuids.set(keyOf(part), uuid);
    }
  }

  /** Names whose file system is not known, and what they were turned into, each once. */
  get guessed(): readonly string[] {
    return [...this.#warned];
  }

  /**
   * The name on Xen: `UUID=` where the file system is known, else a device that may be right; the name itself when it
   * is none that changes (`LABEL=`, `/dev/mapper/`, `/dev/md0`). `mountPoint`, as fstab has it, helps where the name tells
   * no disk.
   */
  onXen(name: string, mountPoint: string | null = null): string {
    const place = BY_PLACE.exec(name);
    if (place !== null) return this.#fromPlace(name, place[1], mountPoint);
    const part = partOf(name);
    if (part === null || name.startsWith('/dev/xvd')) return name;
    if (namesDisksHd(this.#guest)) return deviceName('hd', part);
    const uuid = this.#uuids.get(keyOf(part));
    return uuid === undefined ? this.#guess(name, deviceName('xvd', part)) : `UUID=${uuid}`;
  }

  #fromPlace(name: string, number: string | undefined, mountPoint: string | null): string {
    const mounted = this.#guest.fileSystems.find((system) => system.mountPoint === mountPoint);
    if (mountPoint?.startsWith('/') && mounted?.uuid) return `UUID=${mounted.uuid}`;
    const partition = number === undefined ? null : Number(number);
    if (mountPoint !== null && NO_MOUNT_POINTS.includes(mountPoint)) {
      const [swap, other] = this.#guest.fileSystems.filter(
        ({ device, type }) => type === 'swap' && partOf(device)?.partition === partition,
      );
      if (swap?.uuid && other === undefined) return `UUID=${swap.uuid}`;
    }
    const [disk] = this.#disks;
    if (disk === undefined || this.#disks.size > 1) return this.#guess(name, name);
    return this.onXen(deviceName('sd', { disk, partition }));
  }

  #guess(name: string, guess: string): string {
    this.#warned.add(guess === name ? `${name} was left` : `${name} became ${guess}`);
    return guess;
  }
}

function partOf(name: string): DiskPart | null {
  const lettered = LETTERED.exec(name);
  if (lettered?.[1] !== undefined) return diskPart(lettered[1].charCodeAt(0) - 97, lettered[2]);
  const nvme = NVME.exec(name);
  // VMware's controllers hold one namespace a disk; a second controller goes on where the first ends.
  if (nvme !== null) return diskPart(Number(nvme[1]) + Number(nvme[2]) - 1, nvme[3]);
  const cciss = CCISS.exec(name);
  return cciss === null ? null : diskPart(Number(cciss[1]), cciss[2]);
}

function diskPart(disk: number, partition: string | undefined): DiskPart {
  return { disk, partition: partition === undefined ? null : Number(partition) };
}

function keyOf({ disk, partition }: DiskPart): string {
  return `${disk}:${partition}`;
}

function deviceName(kind: string, { disk, partition }: DiskPart): string {
  return `/dev/${kind}${String.fromCharCode(97 + (disk % 26))}${partition ?? ''}`;
}
