import type { Problem } from '../../model/inventory.js';
import {
  type Disk,
  type DiskPart,
  type FileRange,
  type FilesLocation,
  UNTOLD_DISK,
} from '../../model/virtual-machine.js';
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
    ...UNTOLD_DISK,
    capacityBytes: capacityBytes ?? 0,
    format: /#(.+)$/.exec(format)?.[1] ?? '',
    file: file?.href ?? '',
    controller: drive.controller,
    bus: drive.bus,
    unit: drive.unit,
    location: null,
    usedBytes: drive.disk.populatedBytes,
    mode: drive.mode,
    shared: drive.shared,
    thin: drive.thin,
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
  const found = await findParts(names, file.chunkBytes, files);
  const [first] = found;
  if (first === undefined) {
    return { disk, problems: [problemOf('critical', 'OVF_FILE_MISSING', 'the disk file is missing', about)] };
  }
  const parts = found.map(({ range, names: partNames }): DiskPart => {
    const [name = ''] = partNames;
    return { range, name, expectedDigest: manifestDigest(manifest, partNames) };
  });
  const compression = (await startsWithGzip(first.range)) ? 'gzip' : null;
  const location: FilesLocation = { kind: 'files', parts, compression };
  const located = { ...disk, location };
  const problems = [
    ...compressionProblems(file, compression, about),
    ...chunkProblems(file, parts, about),
    ...sizeProblems(file, parts, about),
  ];
  if (problems.some(({ severity }) => severity === 'critical')) return { disk: located, problems };
  if (compression !== null) {
    return { disk: located, problems: [...problems, ...unknownCapacity(capacityBytes, about)] };
  }
  const described = await describeDisk(location, { capacityBytes, format: disk.format }, about);
  return {
    disk: { ...located, capacityBytes: described.capacityBytes, format: described.format },
    problems: [...problems, ...described.problems],
  };
}

interface FoundPart {
  readonly range: FileRange;
  /** Spellings of its name. */
  readonly names: readonly string[];
}

/** The file, or its chunks `NAME.000000000`, `NAME.000000001`, ... (DSP0243 1.1 §7.1) up to the first missing one. */
async function findParts(
  names: readonly string[],
  chunkBytes: number | null,
  files: PackageFiles,
): Promise<readonly FoundPart[]> {
  const parts: FoundPart[] = [];
  for (let chunk = 0; ; chunk++) {
    const suffix = chunkBytes === null ? '' : `.${String(chunk).padStart(9, '0')}`;
    const spellings = names.map((name) => `${name}${suffix}`);
    const range = await firstFound(spellings, files);
    if (range !== null) parts.push({ range, names: spellings });
    if (range === null || chunkBytes === null) return parts;
  }
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

function compressionProblems(
  file: OvfFile,
  compression: FilesLocation['compression'],
  about: About,
): readonly Problem[] {
  if (file.compression === compression) return [];
  const message =
    compression === null
      ? `the descriptor says ${file.compression}, but the file is not compressed`
      : `the file is compressed with ${compression}, which the descriptor does not say`;
  return [problemOf('warning', 'OVF_MALFORMED', message, about, 'Nothing: the file is read as it is.')];
}

/** Nothing inside a compressed file is read before it is unpacked. */
function unknownCapacity(capacityBytes: number | null, about: About): readonly Problem[] {
  if (capacityBytes !== null) return [];
  const message = 'the disk is compressed and the descriptor does not give its capacity';
  return [problemOf('critical', 'OVF_UNSUPPORTED', message, about)];
}

/** All chunks but the last have the size that the descriptor gives. */
function chunkProblems(file: OvfFile, parts: readonly DiskPart[], about: About): readonly Problem[] {
  if (file.chunkBytes === null) return [];
  const odd = parts.slice(0, -1).find(({ range }) => range.length !== file.chunkBytes);
  if (odd === undefined) return [];
  const message = `the chunk ${odd.name} has ${odd.range.length} bytes, the descriptor says ${file.chunkBytes}`;
  return [problemOf('critical', 'OVF_FILE_SIZE', message, about)];
}

function sizeProblems(file: OvfFile, parts: readonly DiskPart[], about: About): readonly Problem[] {
  const length = parts.reduce((sum, { range }) => sum + range.length, 0);
  if (file.sizeBytes === null || file.sizeBytes === length) return [];
  const message = `the file has ${length} bytes, the descriptor says ${file.sizeBytes}`;
  return [problemOf(length < file.sizeBytes ? 'critical' : 'warning', 'OVF_FILE_SIZE', message, about)];
}
