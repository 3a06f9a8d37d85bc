import path from 'node:path';
import { XenferryError } from '../../model/errors.js';
import type { Problem } from '../../model/inventory.js';
import { type Disk, type DiskLocation, type FileRange, UNTOLD_DISK } from '../../model/virtual-machine.js';
import type { DescriptorFile } from '../descriptor-file.js';
import { describeDisk } from '../disk-info.js';
import { findInFolder } from '../folder-files.js';
import { problemOf, problemOfError } from '../problems.js';
import { candidatesFor, type DiskPath, isElsewhere, parseDiskPath } from './disk-path.js';
import { rawDeviceBehind } from './raw-device.js';
import type { VmxDrive } from './vmx-drives.js';

interface ReadVmxDisk {
  readonly disk: Disk;
  readonly problems: readonly Problem[];
}

interface FoundDisk {
  readonly range: FileRange;
  /** As it was looked for. */
  readonly name: string;
  /** Relative to the source folder. */
  readonly shown: string;
  /** Address of another disk of the machine that is this file; null when there is none. */
  readonly sameAs: string | null;
}

/**
 * The disks of a .vmx in their order, located in the copy and described by their own metadata. Whatever is wrong
 * becomes a problem; the disk stays in the machine, with capacity 0 where nothing tells.
 */
export async function readVmxDisks(
  drives: readonly VmxDrive[],
  source: DescriptorFile,
): Promise<readonly ReadVmxDisk[]> {
  const taken = new Map<string, string>();
  const read = new Map<VmxDrive, ReadVmxDisk>();
  // Disks on other datastores often have the name of one beside the .vmx, which must not be taken for them.
  const certain = drives.filter(({ fileName }) => !isElsewhere(fileName));
  const others = drives.filter(({ fileName }) => isElsewhere(fileName));
  for (const drive of [...certain, ...others]) read.set(drive, await readDisk(drive, source, taken));
  return drives.flatMap((drive) => read.get(drive) ?? []);
}

/** `taken` are the files of the disks read before, with their addresses. */
async function readDisk(
  drive: VmxDrive,
  source: DescriptorFile,
  taken: Map<string, string>,
): Promise<ReadVmxDisk> {
  const { controller, bus, unit, fileName, mode, shared, deviceType } = drive;
  const disk: Disk = {
    ...UNTOLD_DISK,
    capacityBytes: 0,
    format: '',
    file: fileName,
    controller,
    bus,
    unit,
    location: null,
    mode,
    shared,
    rawDevice: /raw|passthru|physical/.test(deviceType) ? 'physical' : null,
  };
  try {
    return await locateDisk(disk, drive, source, taken);
  } catch (error) {
    return { disk, problems: [problemOfError(error, { file: source.relative, machineId: source.relative })] };
  }
}

async function locateDisk(
  untold: Disk,
  { address, deviceType, fileName }: VmxDrive,
  source: DescriptorFile,
  taken: Map<string, string>,
): Promise<ReadVmxDisk> {
  if (untold.rawDevice !== null) {
    throw new XenferryError('VMDK_UNSUPPORTED', `disk ${address} is a raw device (${deviceType})`);
  }
  if (fileName === '') throw new XenferryError('OVF_FILE_MISSING', `disk ${address} names no file`);
  const diskPath = parseDiskPath(fileName);
  const disk = { ...untold, datastore: diskPath.datastore };
  const machineId = source.relative;
  const found = await findDisk(diskPath, address, source, taken);
  if (found === null) {
    const name = diskPath.below.at(-1) ?? diskPath.relative ?? '';
    const file = path.posix.join(path.posix.dirname(source.relative), name);
    const message = `the file of disk ${address} is missing`;
    return { disk, problems: [problemOf('critical', 'OVF_FILE_MISSING', message, { file, machineId })] };
  }
  const { range, name, sameAs } = found;
  const about = { file: found.shown, machineId };
  const parts = [{ range, name, expectedDigest: null }];
  const location: DiskLocation = { kind: 'files', parts, compression: null };
  const { problems, ...described } = await describeDisk(location, { capacityBytes: null, format: '' }, about);
  if (problems.some(({ code }) => code === 'VMDK_UNSUPPORTED')) {
    const raw = await rawDeviceBehind(range);
    if (raw !== null) return { disk: { ...disk, ...raw }, problems };
  }
  const message = `disk ${address} is the same file as disk ${sameAs}`;
  const twice = sameAs === null ? [] : [problemOf('warning', 'VMX_MALFORMED', message, about)];
  return { disk: { ...disk, ...described, location }, problems: [...problems, ...twice] };
}

async function findDisk(
  disk: DiskPath,
  address: string,
  source: DescriptorFile,
  taken: Map<string, string>,
): Promise<FoundDisk | null> {
  for (const { folder, name } of candidatesFor(disk, source)) {
    const file = path.join(folder, name);
    const sameAs = taken.get(file) ?? null;
    if (sameAs !== null && name !== disk.relative) continue;
    const range = await findInFolder(folder, name);
    if (range === null) continue;
    taken.set(file, sameAs ?? address);
    const inSource = path.relative(path.dirname(source.path), file).replaceAll(path.sep, '/');
    const shown = path.posix.join(path.posix.dirname(source.relative), inSource);
    return { range, name, shown, sameAs };
  }
  return null;
}
