import { createHash } from 'node:crypto';
import { toXenferryError } from '../../model/errors.js';
import type { Problem } from '../../model/inventory.js';
import { type ManifestEntry, manifestDigest, readManifest } from '../../ovf-parser/index.js';
import { type About, problemOf, problemOfError } from '../problems.js';
import type { PackageFiles } from './package-files.js';
import { signatureProblems } from './package-signature.js';

export interface PackageManifest {
  /** Empty when the package has no manifest, or a broken one. */
  readonly entries: readonly ManifestEntry[];
  readonly problems: readonly Problem[];
}

/**
 * Reads the manifest beside the descriptor, checks the descriptor itself against it and its signature, if it has one.
 * Digests of disks are checked when the disks are read, so that big data is read once. `descriptor` are the
 * descriptor's bytes.
 */
export async function readPackageManifest(
  files: PackageFiles,
  descriptor: Uint8Array,
  about: About,
): Promise<PackageManifest> {
  const name = files.descriptorName.replace(/(\.[^.]*)?$/, '.mf');
  try {
    const range = await files.find(name);
    const manifest = range === null ? { entries: [], bytes: null } : await readManifest(range);
    const { entries, bytes } = manifest;
    const problems = [
      ...digestProblems(entries, files.descriptorName, descriptor, { ...about, what: 'the descriptor' }),
      ...(await signatureProblems(files, bytes, about)),
    ];
    return { entries, problems };
  } catch (error) {
    const { message } = toXenferryError(error);
    const problem = problemOfError(error, { ...about, line: null });
    return {
      entries: [],
      problems: [{ ...problem, line: null, message: `the manifest ${name}: ${message}` }],
    };
  }
}

/** Compares the bytes of a small file with the manifest's digest of it, if there is one. */
export function digestProblems(
  entries: readonly ManifestEntry[],
  name: string,
  bytes: Uint8Array,
  { what, ...about }: About & { readonly what: string },
): readonly Problem[] {
  const expected = manifestDigest(entries, [name]);
  if (expected === null) return [];
  const actual = createHash(expected.algorithm).update(bytes).digest('hex');
  if (actual === expected.hex) return [];
  const message = `${what} has the ${expected.algorithm} ${actual}, its manifest says ${expected.hex}`;
  return [problemOf('critical', 'MANIFEST_MISMATCH', message, about)];
}
