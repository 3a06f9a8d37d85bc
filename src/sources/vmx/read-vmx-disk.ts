import path from 'node:path';
import { XenferryError } from '../../model/errors.js';
import type { Problem } from '../../model/inventory.js';
import { type Disk, type DiskLocation, UNTOLD_DISK } from '../../model/virtual-machine.js';
import type { DescriptorFile } from '../descriptor-file.js';
import { describeDisk } from '../disk-info.js';
import { findInFolder } from '../folder-files.js';
import { problemOf, problemOfError } from '../problems.js';
import type { VmxDevice } from './vmx-devices.js';

export interface ReadVmxDisk {
  readonly disk: Disk;
  readonly problems: readonly Problem[];
}

/**
 * One disk of a .vmx, located beside it and described by its own metadata. Whatever is wrong becomes a problem; the
 * disk stays in the machine, with capacity 0 where nothing tells.
 */
export async function readVmxDisk(device: VmxDevice, source: DescriptorFile): Promise<ReadVmxDisk> {
  const { controller, bus, unit, fileName } = device;
  const disk: Disk = {
    ...UNTOLD_DISK,
    capacityBytes: 0,
    format: '',
    file: fileName,
    controller,
    bus,
    unit,
    location: null,
  };
  try {
    return await locateDisk(disk, device, source);
  } catch (error) {
    return { disk, problems: [problemOfError(error, { file: source.relative, machineId: source.relative })] };
  }
}

async function locateDisk(disk: Disk, device: VmxDevice, source: DescriptorFile): Promise<ReadVmxDisk> {
  const unsupported = unsupportedReason(device);
  if (unsupported !== null) throw new XenferryError('VMDK_UNSUPPORTED', unsupported);
  const name = nameInFolder(device.fileName);
  const about = {
    file: path.posix.join(path.posix.dirname(source.relative), name),
    machineId: source.relative,
  };
  const range = await findInFolder(path.dirname(source.path), name);
  if (range === null) {
    const message = `the file of disk ${device.address} is missing`;
    return { disk, problems: [problemOf('critical', 'OVF_FILE_MISSING', message, about)] };
  }
  const location: DiskLocation = { parts: [{ range, name, expectedDigest: null }], compression: null };
  const { problems, ...described } = await describeDisk(location, { capacityBytes: null, format: '' }, about);
  return { disk: { ...disk, ...described, location }, problems };
}

function unsupportedReason({ address, deviceType }: VmxDevice): string | null {
  return /raw|passthru|physical/.test(deviceType) ? `disk ${address} is a raw device (${deviceType})` : null;
}

/**
 * The name to look for beside the .vmx. A path on another datastore or a Windows host is reduced to its last part,
 * because that is what a copied machine has. Throws OVF_UNSAFE_PATH for a path that climbs out.
 */
function nameInFolder(fileName: string): string {
  const unified = fileName.replaceAll('\\', '/');
  if (unified.includes('\0') || unified.split('/').includes('..')) {
    throw new XenferryError('OVF_UNSAFE_PATH', `the disk path ${JSON.stringify(fileName)} leaves its folder`);
  }
  const absolute = unified.startsWith('/') || /^[a-z]:/i.test(unified);
  return absolute ? path.posix.basename(unified) : path.posix.normalize(unified);
}
