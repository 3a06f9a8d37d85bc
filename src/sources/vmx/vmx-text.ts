import { TextDecoder } from 'node:util';

/** Something wrong in a .vmx that does not keep it from being read. */
export interface VmxFlaw {
  /** From 1; null when it is about the whole file. */
  readonly line: number | null;
  readonly message: string;
}

export interface VmxText {
  readonly text: string;
  /** Decodes the bytes of `|22` escapes. */
  readonly decodeEscapes: (bytes: Uint8Array) => string;
  readonly flaws: readonly VmxFlaw[];
}

/** Names of ICU and Windows that VMware takes over from its host and the Encoding Standard does not know. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['cp932', 'shift_jis'],
  ['windows-932', 'shift_jis'],
  ['cp936', 'gbk'],
  ['ms936', 'gbk'],
  ['windows-936', 'gbk'],
  ['cp949', 'euc-kr'],
  ['windows-949', 'euc-kr'],
  ['cp950', 'big5'],
  ['ms950', 'big5'],
  ['windows-950', 'big5'],
]);

/**
 * The text of a .vmx: in the encoding of its byte order mark, which an editor left, else in that of its `.encoding`
 * key, else in UTF-8, or in windows-1252 when it cannot be that: early products wrote the host's encoding unnamed.
 */
export function decodeVmx(bytes: Uint8Array): VmxText {
  const marked = markedEncoding(bytes);
  if (marked !== null) return decoded(bytes, marked, []);
  const name = namedEncoding(bytes);
  if (name === null) {
    if (isUtf8(bytes)) return decoded(bytes, 'utf-8', []);
    return decoded(bytes, 'windows-1252', [
      flawOf('it names no encoding and is not in UTF-8; windows-1252 is taken'),
    ]);
  }
  const label = knownEncoding(name);
  if (label === null) {
    return decoded(bytes, 'utf-8', [
      flawOf(`the encoding ${JSON.stringify(name.slice(0, 40))} is unknown; UTF-8 is taken`),
    ]);
  }
  const broken = label === 'utf-8' && !isUtf8(bytes);
  return decoded(bytes, label, broken ? [flawOf('it is not in UTF-8, as it says')] : []);
}

function decoded(bytes: Uint8Array, label: string, flaws: readonly VmxFlaw[]): VmxText {
  // Escapes are bytes of the machine's encoding, never 16-bit units.
  const escapes = decoderOf(label.startsWith('utf-16') ? 'utf-8' : label);
  return { text: decoderOf(label)(bytes), decodeEscapes: escapes, flaws };
}

/** Decodes in two steps: in one, Node 20 takes windows-1252 for Latin-1, which has no euro sign and no dashes. */
function decoderOf(label: string): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder(label);
  return (bytes) => decoder.decode(bytes, { stream: true }) + decoder.decode();
}

function markedEncoding(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null;
}

/** The key and the names of encodings are ASCII in every encoding VMware writes. */
function namedEncoding(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const name = /^[ \t]*\.encoding[ \t]*=[ \t]*"?([^"\r\n#]*)/im.exec(text)?.[1]?.trim() ?? '';
  return name === '' ? null : name;
}

function knownEncoding(name: string): string | null {
  try {
    const { encoding } = new TextDecoder(OTHER_NAMES.get(name.toLowerCase()) ?? name);
    return encoding.startsWith('utf-16') ? null : encoding;
  } catch {
    return null;
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function flawOf(message: string): VmxFlaw {
  return { line: null, message };
}
