import { XenferryError } from '../model/errors.js';

/** Text descriptors in the field are below 4 KiB; a megabyte is never one. */
export const MAX_DESCRIPTOR_BYTES = 1024 * 1024;

export type ExtentKind =
  | 'SPARSE'
  | 'FLAT'
  | 'VMFS'
  | 'ZERO'
  | 'VMFSSPARSE'
  | 'SESPARSE'
  | 'VMFSRDM'
  | 'VMFSRAW';

export interface ExtentLine {
  readonly sectors: number;
  readonly kind: ExtentKind;
  /** Empty for ZERO extents. */
  readonly fileName: string;
  /** First sector in the file; flat extents only. */
  readonly offsetSectors: number;
}

export interface VmdkDescriptor {
  readonly createType: string;
  /** Content id, 8 hexadecimal digits in lower case. */
  readonly cid: string;
  /** Null for a disk without a parent (`ffffffff`). */
  readonly parentCid: string | null;
  /** File of the parent's descriptor as the disk names it; empty without a parent. */
  readonly parentFileName: string;
  readonly extents: readonly ExtentLine[];
}

const EXTENT_KINDS: readonly string[] = [
  'SPARSE',
  'FLAT',
  'VMFS',
  'ZERO',
  'VMFSSPARSE',
  'SESPARSE',
  'VMFSRDM',
  'VMFSRAW',
] satisfies readonly ExtentKind[];

const EXTENT_LINE = /^(?:RW|RDONLY|NOACCESS)\s+(\d+)\s+([A-Z]+)(?:\s+"([^"]*)"(?:\s+(\d+))?)?/;

/**
 * Parses a text descriptor (VMware "Virtual Disk Format 1.1", The Descriptor File).
 * Throws VMDK_DESCRIPTOR_INVALID with the line.
 */
export function parseDescriptor(text: string, file: string): VmdkDescriptor {
  const settings = new Map<string, string>();
  const extents: ExtentLine[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (/^(RW|RDONLY|NOACCESS)\s/.test(line)) extents.push(parseExtentLine(line, file, index + 1));
    else addSetting(settings, line);
  }
  const createType = settings.get('createtype');
  if (createType === undefined || createType === '') {
    throw new XenferryError('VMDK_DESCRIPTOR_INVALID', 'the descriptor has no createType', { file });
  }
  if (extents.length === 0) {
    throw new XenferryError('VMDK_DESCRIPTOR_INVALID', 'the descriptor names no extent', { file });
  }
  const parentCid = settings.get('parentcid')?.toLowerCase() ?? 'ffffffff';
  return {
    createType,
    cid: settings.get('cid')?.toLowerCase() ?? '',
    parentCid: parentCid === 'ffffffff' ? null : parentCid,
    parentFileName: settings.get('parentfilenamehint') ?? '',
    extents,
  };
}

function addSetting(settings: Map<string, string>, line: string): void {
  const separator = line.indexOf('=');
  if (separator <= 0) return;
  const key = line.slice(0, separator).trim().toLowerCase();
  settings.set(
    key,
    line
      .slice(separator + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1'),
  );
}

function parseExtentLine(line: string, file: string, lineNumber: number): ExtentLine {
  const match = EXTENT_LINE.exec(line);
  const kind = match?.[2];
  if (match === null || !isExtentKind(kind)) {
    throw new XenferryError('VMDK_DESCRIPTOR_INVALID', `not an extent line: ${line.slice(0, 120)}`, {
      file,
      line: lineNumber,
    });
  }
  const sectors = Number(match[1]);
  if (!Number.isSafeInteger(sectors)) {
    throw new XenferryError('VMDK_DESCRIPTOR_INVALID', 'the extent size is out of range', {
      file,
      line: lineNumber,
    });
  }
  return { sectors, kind, fileName: match[3] ?? '', offsetSectors: Number(match[4] ?? 0) };
}

function isExtentKind(kind: string | undefined): kind is ExtentKind {
  return kind !== undefined && EXTENT_KINDS.includes(kind);
}
