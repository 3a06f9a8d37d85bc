import path from 'node:path';
import { XenferryError } from '../../model/errors.js';
import type { FileRange } from '../../model/virtual-machine.js';
import { indexOva, type OvaMember } from '../../ovf-parser/index.js';
import type { DescriptorFile } from '../descriptor-file.js';
import { findInFolder } from '../folder-files.js';

/** The files of one OVF package: a folder, or the members of an OVA where they lie. */
export interface PackageFiles {
  readonly descriptor: FileRange;
  /** Name of the descriptor as a manifest gives it. */
  readonly descriptorName: string;
  /** Finds a file by a checked relative name; null when the package has none. */
  find(name: string): Promise<FileRange | null>;
  /** How problems name a file, relative to the source folder. */
  pathOf(name: string): string;
}

/**
 * Opens the package of an .ovf or .ova. Throws SOURCE_NOT_FOUND, SOURCE_UNREADABLE, OVF_UNSAFE_PATH, or OVA_MALFORMED
 * when the archive is broken or has no descriptor.
 */
export async function openPackage(source: DescriptorFile): Promise<PackageFiles> {
  return source.kind === 'ova' ? openOva(source) : openFolder(source);
}

async function openFolder(source: DescriptorFile): Promise<PackageFiles> {
  const folder = path.dirname(source.path);
  const name = path.basename(source.path);
  const descriptor = await findInFolder(folder, name);
  if (descriptor === null) throw new XenferryError('SOURCE_NOT_FOUND', 'it is gone', { file: source.path });
  return {
    descriptor,
    descriptorName: name,
    find: (file) => findInFolder(folder, file),
    pathOf: (file) => path.posix.join(path.posix.dirname(source.relative), file),
  };
}

async function openOva(source: DescriptorFile): Promise<PackageFiles> {
  const members = await indexOva(source.path);
  const descriptor = members.find(({ name }) => /^[^.].*\.ovf$/i.test(path.posix.basename(name)));
  if (descriptor === undefined) {
    throw new XenferryError('OVA_MALFORMED', 'the archive has no .ovf descriptor', { file: source.path });
  }
  const folder = path.posix.dirname(descriptor.name);
  const byName = new Map(members.map((member) => [member.name, member]));
  const rangeOf = ({ offset, length }: OvaMember): FileRange => ({ path: source.path, offset, length });
  return {
    descriptor: rangeOf(descriptor),
    descriptorName: path.posix.basename(descriptor.name),
    find: async (file) => {
      const member = byName.get(path.posix.join(folder, file));
      return member === undefined ? null : rangeOf(member);
    },
    pathOf: (file) => `${source.relative}/${file}`,
  };
}
