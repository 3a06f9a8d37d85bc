import path from 'node:path';
import type { SourceKind } from '../model/virtual-machine.js';

/** Sources with one descriptor a machine or vApp, and disks beside it. */
export type DescriptorKind = Exclude<SourceKind, 'rvtools' | 'vsphere'>;

/** A file that describes machines. */
export interface DescriptorFile {
  /** Absolute; for a link, where it leads, because that is where its disks are. */
  readonly path: string;
  /** Relative to the source folder, with `/` on every system. */
  readonly relative: string;
  readonly kind: DescriptorKind;
  /** Reached by a link to the file itself: what lies around its folder is not of the source. */
  readonly linked: boolean;
}

const KINDS: ReadonlyMap<string, DescriptorKind> = new Map([
  ['.ovf', 'ovf'],
  ['.ova', 'ova'],
  ['.vmx', 'vmx'],
  // A template's; otherwise the same.
  ['.vmtx', 'vmx'],
]);

/** What a file describes by its extension, in any letter case; null when it is no descriptor. */
export function descriptorKind(name: string): DescriptorKind | null {
  return KINDS.get(path.extname(name).toLowerCase()) ?? null;
}

/** File name without folder and extension, the name of last resort for a machine. */
export function stemOf(descriptor: DescriptorFile): string {
  return path.posix.basename(descriptor.relative, path.posix.extname(descriptor.relative));
}
