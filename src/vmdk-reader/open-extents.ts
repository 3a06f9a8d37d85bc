import { realpathSync } from 'node:fs';
import { basename, dirname, resolve, sep } from 'node:path';
import { SourceFile } from '../io/source-file.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import type { FileRange } from '../model/virtual-machine.js';
import { type ExtentLine, MAX_DESCRIPTOR_BYTES, parseDescriptor, type VmdkDescriptor } from './descriptor.js';
import { type Extent, zeroExtent } from './extent.js';
import { type DataRanges, FlatExtent } from './flat-extent.js';
import { SparseExtent } from './sparse-extent.js';
import { readSparseHeader, SPARSE_MAGIC, type SparseHeader } from './sparse-header.js';

export interface OpenedDisk {
  readonly descriptor: VmdkDescriptor;
  readonly extents: readonly Extent[];
  /** Absolute paths of every file the disk consists of. */
  readonly files: readonly string[];
}

/** Magic numbers of VMware's other sparse formats, which are told apart so that the refusal names them. */
const OTHER_FORMATS: ReadonlyArray<readonly [magic: string, name: string]> = [
  ['434f5744', 'a COWD (vmfsSparse) snapshot disk'],
  ['cafebabe00000000', 'a SESparse snapshot disk'],
];

/**
 * Opens the disk whose descriptor, or whose only extent with its embedded descriptor, is `range`.
 * Throws SOURCE_* and VMDK_*.
 */
export function openExtents(range: FileRange, dataRanges?: DataRanges): OpenedDisk {
  const file = SourceFile.open(range, 'VMDK_TRUNCATED');
  try {
    const magic = file.length >= 4 ? peek(file, 4).toString('latin1') : '';
    if (magic === SPARSE_MAGIC) return openMonolithic(file);
    const text = descriptorText(file);
    file.close();
    return openNamedExtents(text, range, dataRanges);
  } catch (error) {
    file.close();
    throw error;
  }
}

function openMonolithic(file: SourceFile): OpenedDisk {
  const extent = new SparseExtent(file);
  return { descriptor: embeddedDescriptor(file, extent.header), extents: [extent], files: [file.path] };
}

function embeddedDescriptor(file: SourceFile, header: SparseHeader): VmdkDescriptor {
  const offset = header.descriptorOffset * SECTOR_BYTES;
  const length = header.descriptorSectors * SECTOR_BYTES;
  if (offset === 0 || length === 0) {
    throw descriptorElsewhere(file);
  }
  if (length > MAX_DESCRIPTOR_BYTES || offset + length > file.length) {
    throw new XenferryError('VMDK_DESCRIPTOR_INVALID', 'the embedded descriptor lies outside the file', {
      file: file.path,
      offset: 28,
    });
  }
  const bytes = Buffer.alloc(length);
  file.readSync(bytes, offset);
  const end = bytes.indexOf(0);
  const text = bytes.toString('utf8', 0, end < 0 ? length : end);
  if (text.trim() === '') throw descriptorElsewhere(file);
  const descriptor = parseDescriptor(text, file.path);
  refuseParent(descriptor, file.path);
  return descriptor;
}

function descriptorElsewhere(file: SourceFile): XenferryError {
  return new XenferryError(
    'VMDK_DESCRIPTOR_INVALID',
    'this is one extent of a split disk; its descriptor is another file',
    {
      file: file.path,
      offset: 28,
      hint: 'Name the descriptor file (the small .vmdk) instead.',
    },
  );
}

function descriptorText(file: SourceFile): string {
  const head = peek(file, Math.min(file.length, SECTOR_BYTES));
  for (const [magic, name] of OTHER_FORMATS) {
    if (head.toString('hex').startsWith(magic)) {
      throw new XenferryError('VMDK_UNSUPPORTED', `this is ${name}`, { file: file.path, offset: 0 });
    }
  }
  if (!head.toString('latin1').includes('# Disk DescriptorFile')) {
    throw new XenferryError('VMDK_BAD_MAGIC', 'neither a sparse VMDK nor a VMDK descriptor', {
      file: file.path,
      offset: 0,
    });
  }
  if (file.length > MAX_DESCRIPTOR_BYTES) {
    throw new XenferryError('VMDK_DESCRIPTOR_INVALID', `a descriptor of ${file.length} bytes is not one`, {
      file: file.path,
    });
  }
  return peek(file, file.length).toString('utf8');
}

function peek(file: SourceFile, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  file.readSync(bytes, 0);
  return bytes;
}

function openNamedExtents(text: string, range: FileRange, dataRanges: DataRanges | undefined): OpenedDisk {
  const descriptor = parseDescriptor(text, range.path);
  refuseParent(descriptor, range.path);
  const extents: Extent[] = [];
  const files = [range.path];
  try {
    for (const line of descriptor.extents) {
      if (line.kind === 'ZERO') {
        extents.push(zeroExtent(line.sectors * SECTOR_BYTES));
        continue;
      }
      const path = extentPath(range.path, line.fileName);
      extents.push(openExtent(line, path, range.path, dataRanges));
      files.push(path);
    }
  } catch (error) {
    for (const extent of extents) extent.close();
    throw error;
  }
  return { descriptor, extents, files };
}

function refuseParent(descriptor: VmdkDescriptor, file: string): void {
  if (descriptor.parentCid === null) return;
  throw new XenferryError(
    'VMDK_UNSUPPORTED',
    `a snapshot delta of the disk with content id ${descriptor.parentCid}`,
    {
      file,
    },
  );
}

/** The extent's file beside its descriptor. A path out of that folder is never followed. */
function extentPath(descriptorPath: string, fileName: string): string {
  const folder = dirname(descriptorPath);
  if (fileName === '' || fileName !== basename(fileName) || fileName.includes('\\') || fileName === '..') {
    throw new XenferryError('OVF_UNSAFE_PATH', `the extent "${fileName}" is not a plain file name`, {
      file: descriptorPath,
    });
  }
  const path = resolve(folder, fileName);
  const real = realPath(path, descriptorPath);
  if (!real.startsWith(realPath(folder, descriptorPath) + sep)) {
    throw new XenferryError('OVF_UNSAFE_PATH', `the extent "${fileName}" is a link out of its folder`, {
      file: descriptorPath,
    });
  }
  return path;
}

function realPath(path: string, descriptorPath: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const reason = systemErrorCode(error) ?? String(error);
    throw new XenferryError(
      'VMDK_EXTENT_MISSING',
      `the extent ${basename(path)} cannot be opened (${reason})`,
      {
        file: descriptorPath,
        cause: error,
      },
    );
  }
}

function openExtent(line: ExtentLine, path: string, descriptorPath: string, dataRanges?: DataRanges): Extent {
  const byteLength = line.sectors * SECTOR_BYTES;
  switch (line.kind) {
    case 'FLAT':
    case 'VMFS':
      return withFile(
        path,
        (file) => new FlatExtent(file, line.offsetSectors * SECTOR_BYTES, byteLength, dataRanges),
      );
    case 'SPARSE':
      return withFile(path, (file) => openSparse(file, byteLength, descriptorPath));
    default:
      throw new XenferryError('VMDK_UNSUPPORTED', `a ${line.kind} extent cannot be read`, {
        file: descriptorPath,
      });
  }
}

function openSparse(file: SourceFile, byteLength: number, descriptorPath: string): Extent {
  const magic = peek(file, Math.min(4, file.length)).toString('latin1');
  if (magic !== SPARSE_MAGIC) {
    throw new XenferryError('VMDK_BAD_MAGIC', 'the extent is not a sparse VMDK', {
      file: file.path,
      offset: 0,
    });
  }
  const { capacitySectors } = readSparseHeader(file);
  if (capacitySectors * SECTOR_BYTES !== byteLength) {
    throw new XenferryError(
      'VMDK_HEADER_INVALID',
      `the extent holds ${capacitySectors} sectors, ${basename(descriptorPath)} says ${byteLength / SECTOR_BYTES}`,
      { file: file.path, offset: 12 },
    );
  }
  return new SparseExtent(file);
}

function withFile(path: string, open: (file: SourceFile) => Extent): Extent {
  const file = SourceFile.openWhole(path, 'VMDK_TRUNCATED');
  try {
    return open(file);
  } catch (error) {
    file.close();
    throw error;
  }
}
