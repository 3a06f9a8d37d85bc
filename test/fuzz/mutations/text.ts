import type { Random } from '../random.js';
import type { Mutation } from '../targets/target.js';
import { someLength } from './fields.js';

/** Where text is looked for in a file that is not text throughout. */
const TEXT_BYTES = 16_384;
const MAX_BYTES = 1024 * 1024;

const NUMBERS = [
  '0',
  '1',
  '-1',
  '00000000000000000000000000000001',
  '2147483648',
  '4294967295',
  '4294967296',
  '274877906944',
  '137438953473',
  '9007199254740991',
  '9007199254740992',
  '18446744073709551615',
  '18446744073709551616',
  '9'.repeat(400),
  '1e308',
  '0x7fffffff',
  '1.5',
  'NaN',
  'Infinity',
  '',
] as const;

const WORDS = [
  '..',
  '../../etc/passwd',
  '/dev/zero',
  '/proc/self/fd/0',
  'file:///etc/passwd',
  'C:\\x',
  '.',
  '__proto__',
  'constructor',
  'toString',
  'ffffffff',
  'ZERO',
  'FLAT',
  'SPARSE',
  'VMFSSPARSE',
  'SESPARSE',
  'VMFSRDM',
  '%00',
  '%2e%2e%2f',
  '%zz',
  'ovf:/disk/',
  'ovf:/file/',
  '\0',
  '\ufeff',
  '\u2028',
  '"',
  '\'"><',
  '|00|ff|7c',
  'utf-16le',
  'x'.repeat(70_000),
] as const;

const ENTITIES = [
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
  '&b;',
  '&#0;',
  '&#x110000;',
  '&#xd800;',
  '&#99999999999999999999;',
  '&amp;amp;',
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '<?xml version="1.0" encoding="UTF-16"?>',
  '<?x ?>',
  ' xmlns:a="b"',
  '</',
  '/>',
] as const;

export const duplicateLine: Mutation = (bytes, { random }) => {
  const { start, end } = pickLine(bytes, random);
  const times = random.pick([1, 1, 1, 2, 50, 2000, 70_000]);
  return inserted(bytes, end, repeated(bytes.subarray(start, end), times));
};

export const removeLine: Mutation = (bytes, { random }) => {
  const { start, end } = pickLine(bytes, random);
  return replaced(bytes, start, end, Buffer.alloc(0));
};

export const moveLine: Mutation = (bytes, { random }) => {
  const { start, end } = pickLine(bytes, random);
  const to = pickLine(bytes, random).start;
  return inserted(bytes, to, bytes.subarray(start, end));
};

export const replaceNumber: Mutation = (bytes, { random }) =>
  replaceMatch(bytes, /\d+/g, random, random.pick(NUMBERS));

export const replaceWord: Mutation = (bytes, { random }) =>
  replaceMatch(bytes, /[\w./-]+/g, random, random.pick(WORDS));

/** One word of the text in place of another. */
export const repeatWord: Mutation = (bytes, { random }) => {
  const words = textOf(bytes).match(/[\w./:-]+/g) ?? [''];
  return replaceMatch(bytes, /[\w./:-]+/g, random, random.pick(words));
};

export const insertWord: Mutation = (bytes, { random }) =>
  inserted(bytes, random.below(textOf(bytes).length + 1), Buffer.from(random.pick(WORDS)));

export const insertEntity: Mutation = (bytes, { random }) => {
  const places = [...textOf(bytes).matchAll(/[<>"]/g)].map(({ index }) => index);
  const at = places.length > 0 && random.chance(0.7) ? random.pick(places) : random.below(bytes.length + 1);
  return inserted(bytes, at + random.below(2), Buffer.from(random.pick(ENTITIES)));
};

/** Opens an element, or a bracket of any kind, again and again. */
export const nestDeeply: Mutation = (bytes, { random }) => {
  const tags = [...textOf(bytes).matchAll(/<\w[^<>]*>/g)];
  const times = random.pick([2, 63, 64, 65, 1000, 100_000]);
  const found = tags[random.below(tags.length)];
  const tag = found === undefined || random.chance(0.2) ? '<a>' : found[0];
  return inserted(bytes, found?.index ?? 0, repeated(Buffer.from(tag, 'latin1'), times));
};

/** The same text in another encoding. */
export const reencode: Mutation = (bytes, { random }) => {
  const text = bytes.subarray(0, MAX_BYTES).toString('utf8');
  const wide = Buffer.from(random.chance(0.5) ? `\ufeff${text}` : text, 'utf16le');
  return random.chance(0.5) || wide.length % 2 !== 0 ? wide : wide.swap16();
};

/** What a parser looks past again and again, if it is not careful. */
export const insertRun: Mutation = (bytes, { random }) => {
  const text = textOf(bytes);
  const at = random.below(text.length + 1);
  const nearby = Buffer.from([text.charCodeAt(at) || 0x20]);
  const piece = random.chance(0.3)
    ? nearby
    : Buffer.from(random.pick([' ', '\r', '\n', '\t', '/', '.', '"', '=', '0']));
  return inserted(bytes, at, repeated(piece, random.pick([20, 1000, 400_000])));
};

export const insertBytes: Mutation = (bytes, { random }) =>
  inserted(bytes, random.below(textOf(bytes).length + 1), random.bytes(someLength(random, 8)));

function textOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, TEXT_BYTES);
}

/** Replaces one of the matches of `pattern` in the file's beginning. */
function replaceMatch(bytes: Buffer, pattern: RegExp, random: Random, text: string): Buffer {
  const matches = [...textOf(bytes).matchAll(pattern)];
  if (matches.length === 0) return Buffer.from(bytes);
  const { index, 0: found } = random.pick(matches);
  return replaced(bytes, index, index + found.length, Buffer.from(text));
}

function pickLine(bytes: Buffer, random: Random): { start: number; end: number } {
  const text = textOf(bytes);
  const at = random.below(text.length + 1);
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const next = text.indexOf('\n', Math.max(at, start));
  return { start, end: next < 0 ? text.length : next + 1 };
}

function repeated(piece: Buffer, times: number): Buffer {
  const most = Math.max(1, Math.floor(MAX_BYTES / Math.max(1, piece.length)));
  return Buffer.concat(Array.from({ length: Math.min(times, most) }, () => piece));
}

function inserted(bytes: Buffer, at: number, piece: Buffer): Buffer {
  return replaced(bytes, at, at, piece);
}

function replaced(bytes: Buffer, start: number, end: number, piece: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, start), piece, bytes.subarray(end)]);
}
