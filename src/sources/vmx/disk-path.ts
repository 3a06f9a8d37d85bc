import path from 'node:path';
import { XenferryError } from '../../model/errors.js';
import type { DescriptorFile } from '../descriptor-file.js';

/** `..` as a part of a path, also of one that begins with a datastore: `[ds1] ../x.vmdk`. */
const CLIMBS = /(?:^|[/[\]\s])\.\.(?:[/\]]|$)/;

/** Where a disk may be in the copy. */
export interface DiskPath {
  /** Name or UUID, as a path on a datastore tells; null otherwise. */
  readonly datastore: string | null;
  /** Relative to the folder of the .vmx; null for a path on the machine it came from. */
  readonly relative: string | null;
  /** The folders and the file below a datastore or a drive; empty for a relative path. */
  readonly below: readonly string[];
}

/** A folder in which to look, and the relative name to look for. */
export interface Candidate {
  readonly folder: string;
  readonly name: string;
}

/**
 * What `fileName` says: relative, `/vmfs/volumes/UUID/dir/x.vmdk`, `[datastore] dir/x.vmdk`, or a path of the host that
 * ran the machine, Windows ones included. Throws OVF_UNSAFE_PATH for a path that climbs out.
 */
export function parseDiskPath(fileName: string): DiskPath {
  const unified = fileName.replaceAll('\\', '/');
  if (unified.includes('\0') || CLIMBS.test(unified)) {
    throw new XenferryError('OVF_UNSAFE_PATH', `the disk path ${JSON.stringify(fileName)} leaves its folder`);
  }
  const [, bracketed, onDatastore] = /^\[([^\]/]+)\](.+)$/.exec(unified) ?? [];
  if (bracketed !== undefined && onDatastore !== undefined) {
    // A machine's name may begin with a bracket as well, and its disk is then no path on a datastore.
    const relative = path.posix.normalize(unified);
    return { datastore: bracketed, relative, below: parts(onDatastore.trim()) };
  }
  const [, volume, onVolume] = /^(?:ds:\/*)?\/vmfs\/volumes\/([^/]+)\/(.+)$/.exec(unified) ?? [];
  if (volume !== undefined && onVolume !== undefined) {
    return { datastore: volume, relative: null, below: parts(onVolume) };
  }
  if (unified.startsWith('/') || /^[a-z]:/i.test(unified)) {
    return { datastore: null, relative: null, below: parts(unified.replace(/^[a-z]:/i, '')) };
  }
  return { datastore: null, relative: path.posix.normalize(unified), below: [] };
}

/** Whether a disk is named by a place outside of the .vmx's folder. */
export function isElsewhere(fileName: string): boolean {
  return /^(?:[[/\\]|[a-z]:|ds:)/i.test(fileName);
}

/**
 * Where to look for a disk, the likeliest place first: beside the .vmx, in the folder of another machine that was
 * copied to the side of this one, and on another datastore copied to the side of this one's. Never above the source
 * folder, and of a .vmx behind a link only its own folder.
 */
export function candidatesFor(disk: DiskPath, source: DescriptorFile): readonly Candidate[] {
  const [own = '', beside, above] = foldersUp(source);
  const [file, folder] = [...disk.below].reverse();
  const candidates: Candidate[] = [];
  if (disk.relative !== null) candidates.push({ folder: own, name: disk.relative });
  if (file !== undefined) candidates.push({ folder: own, name: file });
  if (beside !== undefined && file !== undefined && folder !== undefined) {
    candidates.push({ folder: beside, name: `${folder}/${file}` });
  }
  if (above !== undefined && disk.datastore !== null) {
    candidates.push({ folder: above, name: [disk.datastore, ...disk.below].join('/') });
  }
  return candidates;
}

/** The folder of the .vmx and those around it, up to the source folder. */
function foldersUp({ path: file, relative, linked }: DescriptorFile): readonly string[] {
  const own = path.dirname(file);
  if (linked) return [own];
  const folders = relative.split('/').length;
  return ['.', '..', '../..'].slice(0, folders).map((up) => path.join(own, up));
}

function parts(text: string): readonly string[] {
  return text.split('/').filter((part) => part !== '' && part !== '.');
}
