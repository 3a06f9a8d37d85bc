import { type FileSystemType, probeFileSystem } from '../file-system-type.js';
import { type GuestVolume, openLuksName } from '../guest-volumes.js';
import type { Appliance } from './appliance.js';
import { openApplianceDevice } from './appliance-source.js';
import { CommandFailure } from './guestfish.js';

/** A volume, and what the appliance calls it. */
export interface ApplianceDevice {
  readonly volume: GuestVolume;
  /** `/dev/sda1`, `/dev/md127`, `/dev/vg/root`, ... */
  readonly device: string;
}

/** Volumes in volumes, as LVM in LUKS in a RAID. */
const MAX_LAYERS = 4;
const MAX_DEVICES = 256;
/** LUKS' own memory-hard function takes seconds with hardware help, and minutes without. */
const KEY_LIMIT = 300_000;

/**
 * Everything the appliance has of the guest. `onDisks`: what our own readers found on the disks; their partitions have
 * the same names there. RAIDs and LVM are assembled by the appliance as it starts; LUKS volumes are opened with the
 * first key that fits, and what comes to light in them is taken up in turn. Rejects with GUEST_UNREADABLE, TOOL_*.
 */
export async function findDevices(
  appliance: Appliance,
  onDisks: readonly GuestVolume[],
  keys: readonly string[],
): Promise<ApplianceDevice[]> {
  const devices: ApplianceDevice[] = onDisks
    // Logical volumes are the appliance's to tell, all kinds of them.
    .filter(({ device }) => !device.startsWith('/dev/mapper/'))
    .map((volume) => ({ volume: withinReach(volume), device: volume.device }));
  const isDynamic = onDisks.some(({ fileSystem }) => fileSystem.type === 'ldm');
  const ofLdm = isDynamic ? await dynamicVolumes(appliance) : [];
  const tried = new Set<string>();
  for (let layer = 0; layer < MAX_LAYERS; layer += 1) {
    const known = new Set(devices.map(({ device }) => device));
    const names = [...(await raidDevices(appliance)), ...(await logicalVolumes(appliance)), ...ofLdm];
    for (const named of names) {
      if (known.has(named.device) || devices.length >= MAX_DEVICES) continue;
      const fileSystem = await probeDevice(appliance, named.device);
      if (fileSystem !== null) devices.push(inAppliance(named, fileSystem));
    }
    const locked = [...devices.entries()].filter(
      ([, { volume, device }]) => volume.fileSystem.type === 'crypto_LUKS' && !tried.has(device),
    );
    if (locked.length === 0) break;
    for (const [index, { volume, device }] of locked) {
      tried.add(device);
      const opened = await unlock(appliance, device, volume.fileSystem.uuid ?? String(tried.size), keys);
      if (opened === null) {
        const reason = keys.length === 0 ? 'no key was given' : 'none of the keys given opens it';
        const refusal = `the volume is encrypted with LUKS, and ${reason}`;
        devices[index] = { volume: { ...volume, refusal }, device };
        continue;
      }
      const fileSystem = await probeDevice(appliance, opened);
      if (fileSystem !== null) devices.push(inAppliance({ name: opened, device: opened }, fileSystem));
    }
    // Volume groups may lie in what was opened.
    await appliance.must('lvm-scan', ['true']);
  }
  return devices;
}

function withinReach(volume: GuestVolume): GuestVolume {
  return volume.needsLibguestfs ? { ...volume, refusal: null, needsLibguestfs: false } : volume;
}

interface NamedDevice {
  /** As the guest calls it. */
  readonly name: string;
  readonly device: string;
}

function inAppliance({ name, device }: NamedDevice, fileSystem: FileSystemType): ApplianceDevice {
  const volume = {
    device: name,
    fileSystem,
    partitionType: null,
    place: null,
    refusal: null,
    needsLibguestfs: false,
  };
  return { volume, device };
}

async function probeDevice(appliance: Appliance, device: string): Promise<FileSystemType | null> {
  const source = await openApplianceDevice(appliance, device);
  return await probeFileSystem({ source, offset: 0, length: source.length });
}

/** RAIDs, and their partitions. */
async function raidDevices(appliance: Appliance): Promise<NamedDevice[]> {
  const raids = await appliance.lines('list-md-devices');
  if (raids.length === 0) return [];
  const partitions = await appliance.lines('list-partitions');
  const named: NamedDevice[] = [];
  for (const device of raids) {
    const name = raidName(device, await appliance.lines('md-detail', [device]));
    named.push({ name, device });
    for (const partition of partitions.filter((path) => path.startsWith(`${device}p`))) {
      named.push({ name: `${name}${partition.slice(device.length)}`, device: partition });
    }
  }
  return named;
}

/**
 * The guest's name of a RAID, out of the name in its superblock, `HOST:NAME`: mdadm makes /dev/md0 for 0 and
 * /dev/md/boot for boot. Those without one, of metadata 0.90, keep the number they have everywhere.
 */
export function raidName(device: string, details: readonly string[]): string {
  const name = /^name: (?:[^:]*:)?([\w.-]+)$/m.exec(details.join('\n'))?.[1];
  if (name === undefined) return device;
  return /^\d+$/.test(name) ? `/dev/md${name}` : `/dev/md/${name}`;
}

async function logicalVolumes(appliance: Appliance): Promise<NamedDevice[]> {
  return (await appliance.lines('lvs')).flatMap((device) => {
    const name = mapperName(device);
    return name === null ? [] : [{ name, device }];
  });
}

/** `/dev/mapper/a--b-root` for `/dev/a-b/root`: device-mapper writes a dash of a name twice. Null for what is none. */
export function mapperName(device: string): string | null {
  const [, group, volume] = /^\/dev\/([^/]+)\/([^/]+)$/.exec(device) ?? [];
  if (group === undefined || volume === undefined) return null;
  return `/dev/mapper/${group.replaceAll('-', '--')}-${volume.replaceAll('-', '--')}`;
}

async function dynamicVolumes(appliance: Appliance): Promise<NamedDevice[]> {
  try {
    await appliance.guestfish.run('ldmtool-create-all');
  } catch (error) {
    // Damaged metadata are the guest's fault; the other volumes are still there.
    if (error instanceof CommandFailure) return [];
    throw error;
  }
  const volumes = await appliance.lines('list-ldm-volumes');
  const partitions = await appliance.lines('list-ldm-partitions');
  return [...volumes, ...partitions].map((device) => ({ name: device, device }));
}

/** Path of the open volume; null when no key fits. */
async function unlock(
  appliance: Appliance,
  device: string,
  uuid: string,
  keys: readonly string[],
): Promise<string | null> {
  const path = openLuksName(uuid);
  for (const secret of keys) {
    try {
      await appliance.guestfish.run('luks-open', [device, path.slice('/dev/mapper/'.length)], {
        secret,
        limit: KEY_LIMIT,
      });
      return path;
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
    }
  }
  return null;
}
