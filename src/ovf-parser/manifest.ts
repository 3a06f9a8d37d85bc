import { XenferryError } from '../model/errors.js';
import type { ExpectedDigest, FileRange, ManifestAlgorithm } from '../model/virtual-machine.js';
import { readSmallRange } from './read-range.js';

export interface ManifestEntry extends ExpectedDigest {
  /** File name as the manifest gives it. */
  readonly name: string;
  /** From 1. */
  readonly line: number;
}

const MANIFEST_LIMIT = { bytes: 1024 * 1024, code: 'MANIFEST_MALFORMED' } as const;

const HEX_LENGTH: Readonly<Record<ManifestAlgorithm, number>> = { sha1: 40, sha256: 64, sha512: 128 };

const ENTRY = /^(SHA-?(?:1|256|512))\s*\((.+)\)\s*=\s*([0-9a-f]+)$/i;

export interface Manifest {
  readonly entries: readonly ManifestEntry[];
  /** What a certificate signs. */
  readonly bytes: Uint8Array;
}

/**
 * Reads a manifest (`.mf`) of at most 1 MiB: one `SHA256(disk1.vmdk)= 3a7b...` a line, spaces optional, SHA1, SHA256
 * or SHA512, LF or CRLF (DSP0243 1.1 §5.1, and what ovftool and govc write).
 * Throws MANIFEST_MALFORMED with the line, or SOURCE_* when it cannot be read.
 */
export async function readManifest(range: FileRange): Promise<Manifest> {
  const bytes = await readSmallRange(range, MANIFEST_LIMIT);
  return { entries: parseManifest(bytes.toString('utf8'), range.path), bytes };
}

/** The entries of a manifest's text, in its order. Throws MANIFEST_MALFORMED with the line. */
export function parseManifest(text: string, file: string): readonly ManifestEntry[] {
  const entries: ManifestEntry[] = [];
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    const content = raw.trim();
    if (content !== '') entries.push(parseEntry(content, file, index + 1));
  }
  return entries;
}

/** The strongest digest the manifest gives for one of these names; null when it gives none. */
export function manifestDigest(
  entries: readonly ManifestEntry[],
  names: readonly string[],
): ExpectedDigest | null {
  const matching = entries.filter((entry) => names.includes(entry.name.replace(/^(\.\/)+/, '')));
  const strongest = matching.sort((a, b) => b.hex.length - a.hex.length)[0];
  return strongest === undefined ? null : { algorithm: strongest.algorithm, hex: strongest.hex };
}

function parseEntry(content: string, file: string, line: number): ManifestEntry {
  const [, spelling = '', name = '', hex = ''] = ENTRY.exec(content) ?? [];
  const algorithm = algorithmOf(spelling);
  if (algorithm === null) {
    throw new XenferryError('MANIFEST_MALFORMED', `line ${line} is not "SHA256(name)= digest"`, {
      file,
      line,
    });
  }
  if (hex.length !== HEX_LENGTH[algorithm]) {
    const message = `line ${line} has ${hex.length} hexadecimal digits, ${algorithm} has ${HEX_LENGTH[algorithm]}`;
    throw new XenferryError('MANIFEST_MALFORMED', message, { file, line });
  }
  return { algorithm, name: name.trim(), hex: hex.toLowerCase(), line };
}

function algorithmOf(spelling: string): ManifestAlgorithm | null {
  const name = spelling.toLowerCase().replace('-', '');
  return name === 'sha1' || name === 'sha256' || name === 'sha512' ? name : null;
}
