import type { Problem } from '../../model/inventory.js';
import type { Disk, FileRange } from '../../model/virtual-machine.js';
import {
  hrefCandidates,
  type ManifestEntry,
  manifestDigest,
  type OvfDrive,
  type OvfFile,
  readAt,
  withFile,
} from '../../ovf-parser/index.js';
import { describeDisk } from '../disk-info.js';
import { type About, problemOf, problemOfError } from '../problems.js';
import type { PackageFiles } from './package-files.js';

/** Where a disk of a package is looked up. */
export interface DiskContext {
  readonly files: PackageFiles;
  readonly manifest: readonly ManifestEntry[];
  /** Descriptor path, relative to the source folder. */
  readonly descriptor: string;
  readonly machineId: string;
}

export interface ReadDisk {
  readonly disk: Disk;
  readonly problems: readonly Problem[];
}

/**
 * One disk of a machine, with its bytes located but not read beyond their metadata. Whatever is wrong with it becomes
 * a problem; the disk stays in the machine so that nothing is lost silently.
 */
export async function readDisk(drive: OvfDrive, context: DiskContext): Promise<ReadDisk> {
  const { file, capacityBytes, format } = drive.disk;
  const disk: Disk = {
    capacityBytes: capacityBytes ?? 0,
    format: /#(.+)$/.exec(format)?.[1] ?? '',
    file: file?.href ?? '',
    controller: drive.controller,
    bus: drive.bus,
    unit: drive.unit,
    location: null,
    expectedDigest: null,
  };
  const inDescriptor = { file: context.descriptor, machineId: context.machineId };
  if (file === null) {
    const message = `disk ${drive.disk.id} is empty: the package has no file for it`;
    const problem = problemOf('critical', 'OVF_UNSUPPORTED', message, {
      ...inDescriptor,
      line: drive.disk.line,
    });
    return { disk, problems: [problem] };
  }
  const unsupported = unsupportedReason(drive, file);
  if (unsupported !== null) {
    const problem = problemOf('critical', 'OVF_UNSUPPORTED', unsupported, {
      ...inDescriptor,
      line: file.line,
    });
    return { disk, problems: [problem] };
  }
  try {
    return await locateDisk(disk, capacityBytes, file, context);
  } catch (error) {
    return { disk, problems: [problemOfError(error, { ...inDescriptor, line: file.line })] };
  }
}

function unsupportedReason({ disk }: OvfDrive, file: OvfFile): string | null {
  if (disk.parentRef !== null) return `disk ${disk.id} is a delta of disk ${disk.parentRef}`;
  if (file.chunkBytes !== null) return `the file ${file.href} is split into chunks`;
  if (file.compression !== null && file.compression !== 'gzip') {
    return `the file ${file.href} is compressed with ${file.compression}`;
  }
  return null;
}

async function locateDisk(
  disk: Disk,
  capacityBytes: number | null,
  file: OvfFile,
  { files, manifest, descriptor, machineId }: DiskContext,
): Promise<ReadDisk> {
  const names = hrefCandidates(file.href, { file: descriptor, line: file.line });
  const about = { file: files.pathOf(names[0]), machineId };
  const range = await firstFound(names, files);
  if (range === null) {
    return { disk, problems: [problemOf('critical', 'OVF_FILE_MISSING', 'the disk file is missing', about)] };
  }
  const compressed = await startsWithGzip(range);
  if (compressed) {
    const hint = 'Decompress it with gzip -d and correct the descriptor, or export without compression.';
    const problem = problemOf(
      'critical',
      'OVF_UNSUPPORTED',
      'the disk file is compressed with gzip',
      about,
      hint,
    );
    return { disk, problems: [problem] };
  }
  const located = { ...disk, location: range, expectedDigest: manifestDigest(manifest, names) };
  const problems = [...compressionProblems(file, about), ...sizeProblems(file, range, about)];
  if (problems.some(({ severity }) => severity === 'critical')) return { disk: located, problems };
  const described = await describeDisk(range, { capacityBytes, format: disk.format }, about);
  return {
    disk: { ...located, capacityBytes: described.capacityBytes, format: described.format },
    problems: [...problems, ...described.problems],
  };
}

async function firstFound(names: readonly string[], files: PackageFiles): Promise<FileRange | null> {
  for (const name of names) {
    const range = await files.find(name);
    if (range !== null) return range;
  }
  return null;
}

/** The bytes decide: real exports mark plain files as gzip and the reverse. */
async function startsWithGzip({ path, offset, length }: FileRange): Promise<boolean> {
  const start = await withFile(path, (file) => readAt(file, offset, Math.min(length, 2)));
  return start[0] === 0x1f && start[1] === 0x8b;
}

function compressionProblems(file: OvfFile, about: About): readonly Problem[] {
  if (file.compression === null) return [];
  const message = `the descriptor says ${file.compression}, but the file is not compressed`;
  return [problemOf('warning', 'OVF_MALFORMED', message, about, 'Nothing: the file is read as it is.')];
}

function sizeProblems(file: OvfFile, { length }: FileRange, about: About): readonly Problem[] {
  if (file.sizeBytes === null || file.sizeBytes === length) return [];
  const message = `the file has ${length} bytes, the descriptor says ${file.sizeBytes}`;
  return [problemOf(length < file.sizeBytes ? 'critical' : 'warning', 'OVF_FILE_SIZE', message, about)];
}
