import { isIPv6 } from 'node:net';
import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js';
import { formatBytes } from '../../model/format.js';
import { GIB, MIB } from '../../model/units.js';

const DAY_MS = 86_400_000;
/** Names that a sentence lists before it only counts the rest. */
const MAX_LISTED = 5;

/** A parsed CEL expression. Throws when the context does not have what it asks for. */
export interface Expression {
  readonly text: string;
  readonly ast: ASTNode;
  readonly evaluate: (context: Readonly<Record<string, unknown>>) => unknown;
}

/** What is wrong with an expression, and where in it: UTF-16 units from its begin. */
export class ExpressionFault extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** What an evaluation throws when a key, or an entry of a list, is not there. */
const ABSENT = new Set(['no_such_key', 'index_out_of_bounds']);

/** Whether an evaluation failed only because the facts at hand lack what it looked for. */
export function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ABSENT.has(String(error.code));
}

/** One line of what an evaluation threw. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'summary' in error) return String(error.summary);
  return error instanceof Error ? error.message : String(error);
}

/** Throws an ExpressionFault for what is no CEL, and for functions or types that do not fit. */
export function parseExpression(text: string): Expression {
  let parsed: ParseResult;
  try {
    parsed = ENVIRONMENT.parse(text);
  } catch (error) {
    throw faultOf(error);
  }
  const { valid, error } = parsed.check();
  if (!valid) throw faultOf(error);
  return { text, ast: parsed.ast, evaluate: parsed };
}

function faultOf(error: unknown): ExpressionFault {
  const range = error instanceof Error && 'range' in error ? error.range : undefined;
  const start = typeof range === 'object' && range !== null && 'start' in range ? Number(range.start) : 0;
  return new ExpressionFault(reasonOf(error), start);
}

const ENVIRONMENT = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });

/** The functions beside CEL's own, as a rule's author finds them in the documentation. */
export const FUNCTIONS: readonly {
  readonly signature: string;
  readonly description: string;
}[] = [
  define('gib', ['number'], 'double', 'bytes in so many GiB', (value) => Number(value) * GIB),
  define('mib', ['number'], 'double', 'bytes in so many MiB', (value) => Number(value) * MIB),
  define('inBytes', ['number'], 'string', 'a number of bytes for people: `2.5 GiB`', (bytes) =>
    formatBytes(Number(bytes)),
  ),
  define(
    'isMultiple',
    ['number', 'number'],
    'bool',
    'whether the first is a multiple of the second',
    isMultiple,
  ),
  define('count', ['number', 'string'], 'string', '`1 disk`, `3 disks`', (number, noun) =>
    Number(number) === 1 ? `1 ${noun}` : `${number} ${noun}s`,
  ),
  define(
    'listed',
    ['list'],
    'string',
    'the entries with commas; the sixth and later are only counted',
    listed,
  ),
  define(
    'glob',
    ['string', 'string'],
    'bool',
    'whether a pattern, in which `*` stands for anything, fits a text as a whole; letter case does not count',
    (pattern, text) => globFits(String(pattern), String(text)),
  ),
  define('anyGlob', ['list', 'string'], 'bool', 'whether one of several patterns fits', (patterns, text) =>
    asList(patterns).some((pattern) => globFits(String(pattern), String(text))),
  ),
  define(
    'words',
    ['string'],
    'list<string>',
    'the runs of letters in a text, in lower case',
    (text) =>
      String(text)
        .toLowerCase()
        .match(/\p{L}+/gu) ?? [],
  ),
  define('isIPv6', ['string'], 'bool', 'whether a text is an IPv6 address', (text) => isIPv6(String(text))),
  define('isMac', ['string'], 'bool', 'whether a text is six hexadecimal pairs with colons', (text) =>
    /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(String(text)),
  ),
  define('isUnicastMac', ['string'], 'bool', 'whether a MAC address may be that of one card', (mac) =>
    isUnicastMac(String(mac)),
  ),
  define('isPlainText', ['string'], 'bool', 'whether a text has no control characters', (text) =>
    /^\P{Cc}*$/u.test(String(text)),
  ),
  define(
    'isOlder',
    ['string', 'string'],
    'bool',
    'whether a release such as `8.2.1` comes before another',
    (a, b) => isOlder(String(a), String(b)),
  ),
  define('daysBetween', ['string', 'string'], 'double', 'whole days between two ISO dates', (from, to) =>
    daysBetween(String(from), String(to)),
  ),
];

type CelType = 'number' | 'string' | 'list';

/** Registers a function once for each combination of CEL's two kinds of numbers. */
function define(
  name: string,
  parameters: readonly CelType[],
  result: string,
  description: string,
  handler: (...values: readonly unknown[]) => unknown,
): { signature: string; description: string } {
  let overloads: readonly (readonly string[])[] = [[]];
  for (const parameter of parameters) {
    const types = parameter === 'number' ? ['int', 'double'] : [parameter];
    overloads = overloads.flatMap((before) => types.map((type) => [...before, type]));
  }
  for (const types of overloads) {
    ENVIRONMENT.registerFunction(`${name}(${types.join(', ')}): ${result}`, handler);
  }
  return { signature: `${name}(${parameters.join(', ')})`, description };
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function listed(list: unknown): string {
  const names = asList(list);
  const shown = names.slice(0, MAX_LISTED).map(String).join(', ');
  return names.length > MAX_LISTED ? `${shown} and ${names.length - MAX_LISTED} more` : shown;
}

function isMultiple(value: unknown, step: unknown): boolean {
  return Number(value) % Number(step) === 0;
}

/** In time proportional to pattern and text, for names come from outside. */
function globFits(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.toLowerCase().split('*');
  const subject = text.toLowerCase();
  const last = rest.pop();
  if (last === undefined) return subject === first;
  if (!subject.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = subject.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return subject.length - last.length >= at && subject.endsWith(last);
}

/** IEEE 802: the lowest bit of the first byte marks a group. */
function isUnicastMac(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0 && !/^[0:]+$/.test(mac);
}

function isOlder(release: string, other: string): boolean {
  const [left, right] = [release, other].map((text) => (text.match(/\d+/g) ?? []).map(Number));
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function daysBetween(from: string, to: string): number {
  const days = Math.floor((Date.parse(to) - Date.parse(from)) / DAY_MS);
  if (Number.isNaN(days)) throw new Error(`"${from}" or "${to}" is no date`);
  return days;
}
