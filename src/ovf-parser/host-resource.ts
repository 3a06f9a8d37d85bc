import type { OvfDisk, OvfFile } from './ovf-types.js';

/** The files and disks of a package by what refers to them. */
export interface PackageIds {
  readonly files: ReadonlyMap<string, OvfFile>;
  readonly filesByHref: ReadonlyMap<string, OvfFile>;
  readonly disks: ReadonlyMap<string, OvfDisk>;
}

export interface ResourceReference {
  readonly kind: 'disk' | 'file';
  readonly id: string;
}

/**
 * What `ovf:/disk/x` or `ovf:/file/x` refers to (DSP0243 1.1 §8.3); `disk:/x` and `disk/x` in older exports. Null for
 * anything else, such as the name of a host's drive.
 */
export function resourceReference(text: string): ResourceReference | null {
  const [, kind = '', id = ''] = /^(?:ovf:)?\/*(disk|file):?\/+([^/].*)$/is.exec(text) ?? [];
  if (id === '') return null;
  return { kind: kind.toLowerCase() === 'file' ? 'file' : 'disk', id };
}

/** The file behind such a reference, be it named directly or through a disk; null without. */
export function referencedFile(text: string, { files, disks }: PackageIds): OvfFile | null {
  const reference = resourceReference(text);
  if (reference === null) return null;
  const file = reference.kind === 'file' ? files.get(reference.id) : disks.get(reference.id)?.file;
  return file ?? null;
}
