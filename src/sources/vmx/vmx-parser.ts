import { XenferryError } from '../../model/errors.js';
import type { FileRange } from '../../model/virtual-machine.js';
import { readSmallRange } from '../../ovf-parser/index.js';
import { decodeVmx, type VmxFlaw } from './vmx-text.js';

/** The settings of a .vmx file by lower-case key; the last of repeated keys wins. */
export type VmxSettings = ReadonlyMap<string, string>;

export interface VmxFile {
  readonly settings: VmxSettings;
  /** In the order of their lines. */
  readonly flaws: readonly VmxFlaw[];
}

const VMX_LIMIT = { bytes: 1024 * 1024, code: 'VMX_MALFORMED' } as const;

/** The largest machines have a few thousand. */
const MAX_SETTINGS = 20_000;

/** A file with more lines that are no settings is something else. */
const MAX_FLAWS = 20;

/** `(?!\s)`: blanks are not given back, or many of them would take quadratic time. */
const SETTING = /^([^\s="]+)\s*=\s*(?!\s)(?:"([^"]*)"|([^"\s]*))\s*(?:#.*)?$/;

interface Setting {
  readonly key: string;
  /** With its escapes. */
  readonly value: string;
}

/** Reads a .vmx or .vmsd of at most 1 MiB. Throws VMX_MALFORMED or SOURCE_*; `file` names it in errors. */
export async function readVmxFile(range: FileRange, file: string): Promise<VmxFile> {
  return parseVmx(await readSmallRange(range, VMX_LIMIT), file);
}

/**
 * Parses `key = "value"` lines: `#` comments, keys in any letter case, `|22` hexadecimal escapes for bytes a value
 * cannot hold. Lines that a hand has spoilt are read as far as they make sense and leave a flaw.
 * Throws VMX_MALFORMED with the line for a file that was cut off or zeroed, and for what is no .vmx at all.
 */
export function parseVmx(bytes: Uint8Array, file: string): VmxFile {
  const { text, decodeEscapes, flaws } = decodeVmx(bytes);
  const settings = new Map<string, string>();
  const repeated = new Map<string, number>();
  const spoilt: VmxFlaw[] = [];
  const lost: number[] = [];
  const lines = text.split('\n');
  for (const [index, raw] of lines.entries()) {
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const line = index + 1;
    const { key, value, flaw } = readLine(trimmed, { file, line, last: line === lines.length });
    if (flaw !== null) spoilt.push({ line, message: flaw });
    if (key === '') {
      lost.push(line);
    } else {
      const known = key.toLowerCase();
      if (settings.has(known)) repeated.set(known, line);
      settings.set(known, unescaped(value, decodeEscapes));
    }
    refuseEndless(settings, spoilt, { file, line });
  }
  if (lost.length >= settings.size) {
    const message = 'it holds no settings, or as many lines that are none';
    throw new XenferryError('VMX_MALFORMED', message, { file, line: lost[0] });
  }
  return { settings, flaws: [...flaws, ...spoilt, ...repeatedKeys(repeated)] };
}

interface LinePlace {
  readonly file: string;
  readonly line: number;
  /** No line end follows. */
  readonly last: boolean;
}

/** The setting of a line, with an empty key when it holds none. */
function readLine(text: string, { file, line, last }: LinePlace): Setting & { readonly flaw: string | null } {
  if (text.includes('\0')) {
    throw new XenferryError('VMX_MALFORMED', 'the line holds zeros: the file was damaged', { file, line });
  }
  const [, key, quoted, bare] = SETTING.exec(text) ?? [];
  if (key !== undefined) return { key, value: quoted ?? bare ?? '', flaw: null };
  if (last && isCutOff(text)) {
    throw new XenferryError('VMX_MALFORMED', 'the file ends inside a setting: it was cut off', {
      file,
      line,
    });
  }
  const repaired = repairedSetting(text);
  if (repaired === null) {
    return { key: '', value: '', flaw: 'the line is not key = "value"; it is left out' };
  }
  return { ...repaired, flaw: `the value of ${repaired.key.slice(0, 80)} is not in one pair of quotes` };
}

function isCutOff(text: string): boolean {
  const value = text.indexOf('=');
  return value === -1 || /^\s*"[^"]*$/.test(text.slice(value + 1));
}

/** What a value without its quotes, with one, or with more than two of them must mean; null when there is no key. */
function repairedSetting(text: string): Setting | null {
  const separator = text.indexOf('=');
  const key = text.slice(0, Math.max(separator, 0)).trim();
  if (key === '' || /[\s"]/.test(key)) return null;
  const rest = text.slice(separator + 1).trim();
  if (!rest.includes('"')) return { key, value: rest.replace(/\s#.*$/, '').trim() };
  const first = rest.startsWith('"') ? 1 : 0;
  const closing = rest.lastIndexOf('"');
  return { key, value: rest.slice(first, closing >= first ? closing : rest.length) };
}

function refuseEndless(
  settings: VmxSettings,
  spoilt: readonly VmxFlaw[],
  place: { readonly file: string; readonly line: number },
): void {
  if (settings.size > MAX_SETTINGS) {
    throw new XenferryError('VMX_MALFORMED', `more than ${MAX_SETTINGS} settings are no machine's`, place);
  }
  if (spoilt.length > MAX_FLAWS) {
    throw new XenferryError('VMX_MALFORMED', `more than ${MAX_FLAWS} lines are not key = "value"`, place);
  }
}

function repeatedKeys(repeated: ReadonlyMap<string, number>): readonly VmxFlaw[] {
  const flaws = [...repeated].slice(0, MAX_FLAWS).map(([key, line]) => ({
    line,
    message: `${key.slice(0, 80)} is given more than once; the last value is taken`,
  }));
  if (repeated.size <= MAX_FLAWS) return flaws;
  return [
    ...flaws,
    { line: null, message: `${repeated.size - MAX_FLAWS} more settings are given more than once` },
  ];
}

/** Neighbouring escapes are decoded together: they may be the bytes of one character. */
function unescaped(value: string, decode: (bytes: Uint8Array) => string): string {
  return value.replace(/(?:\|[0-9a-f]{2})+/gi, (escapes) =>
    decode(Buffer.from(escapes.replaceAll('|', ''), 'hex')),
  );
}
