import { TextDecoder } from 'node:util';
import { XenferryError } from '../model/errors.js';
import { MAX_CAPACITY_SECTORS } from './grain-size.js';

/** Text descriptors in the field are below 4 KiB; a megabyte is never one. */
export const MAX_DESCRIPTOR_BYTES = 1024 * 1024;

/** 16 TiB in extents of 2 GiB; hosted products, which are the ones that split disks, end at 8 TiB. */
const MAX_EXTENTS = 8192;

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

const NO_PARENT = 'ffffffff';

const EXTENT_LINE = /^(?:RW|RDONLY|NOACCESS)\s+(\d+)\s+([A-Z]+)(?:\s+"([^"]*)"(?:\s+(\d+))?)?/;

/** A descriptor's text in the encoding that it names, UTF-8 where it names none ("Virtual Disk Format 5.0", encoding). */
export function descriptorText(bytes: Buffer): string {
  const label = /^encoding\s*=\s*"?([\w-]+)/im.exec(bytes.toString('latin1'))?.[1] ?? 'utf-8';
  const text = decoder(label);
  // In one step Node 20 takes windows-1252 for Latin-1, which has no euro sign and no dashes.
  return text.decode(bytes, { stream: true }) + text.decode();
}

function decoder(label: string): TextDecoder {
  try {
    return new TextDecoder(label);
  } catch {
    return new TextDecoder();
  }
}

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
  if (extents.length > MAX_EXTENTS) {
    throw new XenferryError('VMDK_DESCRIPTOR_INVALID', `${extents.length} extents are not a disk's`, {
      file,
    });
  }
  if (extents.reduce((sum, { sectors }) => sum + sectors, 0) > MAX_CAPACITY_SECTORS) {
    throw new XenferryError('VMDK_DESCRIPTOR_INVALID', 'the capacity is above 64 TiB', { file });
  }
  const parentCid = contentId(settings.get('parentcid') ?? NO_PARENT);
  return {
    createType,
    cid: contentId(settings.get('cid') ?? ''),
    parentCid: parentCid === NO_PARENT ? null : parentCid,
    parentFileName: settings.get('parentfilenamehint') ?? '',
    extents,
  };
}

/** QEMU writes content ids without leading zeros. */
function contentId(text: string): string {
  return text.toLowerCase().padStart(8, '0');
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
  return { sectors: Number(match[1]), kind, fileName: match[3] ?? '', offsetSectors: Number(match[4] ?? 0) };
}

function isExtentKind(kind: string | undefined): kind is ExtentKind {
  return kind !== undefined && EXTENT_KINDS.includes(kind);
}
