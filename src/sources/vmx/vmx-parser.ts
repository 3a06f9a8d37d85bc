import { TextDecoder } from 'node:util';
import { XenferryError } from '../../model/errors.js';
import type { FileRange } from '../../model/virtual-machine.js';
import { readSmallRange } from '../../ovf-parser/index.js';

/** The settings of a .vmx file by lower-case key; the last of repeated keys wins. */
export type VmxSettings = ReadonlyMap<string, string>;

const VMX_LIMIT = { bytes: 1024 * 1024, code: 'VMX_MALFORMED' } as const;

/** `(?!\s)`: blanks are not given back, or many of them would take quadratic time. */
const SETTING = /^([^\s=]+)\s*=\s*(?!\s)(?:"([^"]*)"|([^"\s]*))\s*(?:#.*)?$/;

/** Reads a .vmx of at most 1 MiB. Throws VMX_MALFORMED or SOURCE_*; `file` names it in errors. */
export async function readVmxSettings(range: FileRange, file: string): Promise<VmxSettings> {
  return parseVmx(await readSmallRange(range, VMX_LIMIT), file);
}

/**
 * Parses `key = "value"` lines: `#` comments, keys in any letter case, `|22` hexadecimal escapes for bytes a value
 * cannot hold, text in the encoding the `.encoding` key names (UTF-8 without one).
 * Throws VMX_MALFORMED with the line.
 */
export function parseVmx(bytes: Uint8Array, file: string): VmxSettings {
  const decoder = decoderFor(bytes, file);
  const settings = new Map<string, string>();
  const lines = decoder.decode(bytes).split('\n');
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, key, quoted, bare] = SETTING.exec(line) ?? [];
    if (key === undefined) {
      throw new XenferryError('VMX_MALFORMED', 'the line is not key = "value"', { file, line: index + 1 });
    }
    settings.set(key.toLowerCase(), unescaped(quoted ?? bare ?? '', decoder));
  }
  return settings;
}

/** The key and the names of encodings are ASCII in every encoding VMware writes. */
function decoderFor(bytes: Uint8Array, file: string): TextDecoder {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const name = /^[ \t]*\.encoding[ \t]*=[ \t]*"([^"\n]*)"/im.exec(text)?.[1] ?? 'UTF-8';
  try {
    return new TextDecoder(name);
  } catch (cause) {
    throw new XenferryError('VMX_MALFORMED', `the encoding ${JSON.stringify(name)} is unknown`, {
      file,
      cause,
    });
  }
}

/** Neighbouring escapes are decoded together: they may be the bytes of one character. */
function unescaped(value: string, decoder: TextDecoder): string {
  return value.replace(/(?:\|[0-9a-f]{2})+/gi, (escapes) =>
    decoder.decode(Buffer.from(escapes.replaceAll('|', ''), 'hex')),
  );
}
