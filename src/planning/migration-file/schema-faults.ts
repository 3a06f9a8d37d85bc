import { z } from 'zod';
import { didYouMean } from '../did-you-mean.js';
import { type Fault, type FaultPath, shown } from './fault.js';

type Schema = z.core.$ZodType;
type Issue = z.core.$ZodIssue;

/** What a value that does not fit the schema does wrong, in words for whoever wrote the file. */
export function* schemaFaults(schema: Schema, value: unknown): Generator<Fault> {
  const result = z.safeParse(schema, value);
  if (result.success) return;
  for (const issue of result.error.issues) yield* explained(issue, schema, value, []);
}

function* explained(issue: Issue, schema: Schema, root: unknown, above: FaultPath): Generator<Fault> {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  const value = valueAt(root, path);
  const about = schemaAt(schema, issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) yield unknownKey([...path, key], keysOf(about));
      break;
    case 'invalid_union':
      yield* ofUnion(issue, about, root, path);
      break;
    case 'invalid_key':
      yield { path, about: 'key', message: issue.issues[0]?.message ?? issue.message };
      break;
    default:
      yield { path, about: 'value', message: messageOf(issue, value) };
  }
}

/** Of several forms the one that fits best is meant; a key that none of them knows says more than what is missing. */
function* ofUnion(
  { errors, message }: z.core.$ZodIssueInvalidUnion,
  schema: Schema | undefined,
  root: unknown,
  path: FaultPath,
): Generator<Fault> {
  const value = valueAt(root, path);
  const options = schema instanceof z.ZodUnion ? schema.options : [];
  const known = options.flatMap(keysOf);
  if (!isRecord(value) || known.length === 0) {
    yield { path, about: 'value', message };
    return;
  }
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  for (const key of unknown) yield unknownKey([...path, key], known);
  if (unknown.length > 0) return;
  const fewest = Math.min(...errors.map((issues) => issues.length));
  const best = errors.findIndex((issues) => issues.length === fewest);
  const option = options[best];
  if (option === undefined) return;
  for (const issue of errors[best] ?? []) yield* explained(issue, option, root, path);
}

function unknownKey(path: FaultPath, known: readonly string[]): Fault {
  const nearest = didYouMean(String(path.at(-1)), known);
  return { path, about: 'key', message: `unknown key${nearest || `; known are ${known.join(', ')}`}` };
}

function messageOf(issue: Issue, value: unknown): string {
  if (value === undefined) return 'is missing';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${wanted(issue.expected)}, ${given(issue.expected, value)}`;
    case 'invalid_value': {
      const known = issue.values.map(String);
      const list = known.length === 1 ? `must be ${known[0]}` : `must be one of ${known.join(', ')}`;
      return `${list}, is ${shown(value)}${didYouMean(String(value), known)}`;
    }
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return 'must not be empty';
      return `must be ${issue.inclusive === true ? 'at least' : 'more than'} ${issue.minimum}, is ${shown(value)}`;
    case 'too_big':
      return `must be at most ${issue.maximum}, is ${shown(value)}`;
    default:
      return `${issue.message}, is ${shown(value)}`;
  }
}

const WANTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function wanted(expected: string): string {
  return WANTED[expected] ?? expected;
}

function given(expected: string, value: unknown): string {
  if (value === null) return 'is empty';
  if (Array.isArray(value)) return 'is a list';
  if (typeof value === 'object') return 'is a mapping';
  const quotes = expected === 'string' ? '; put it in quotes' : '';
  return `is ${shown(typeof value === 'number' ? String(value) : value).replaceAll('"', typeof value === 'number' ? '' : '"')}${quotes}`;
}

/** The schema that stands behind a path; undefined where none does. */
function schemaAt(schema: Schema | undefined, path: readonly PropertyKey[]): Schema | undefined {
  const bare = unwrapped(schema);
  const [step, ...rest] = path;
  if (step === undefined) return bare;
  if (bare instanceof z.ZodObject) return schemaAt(bare.shape[String(step)], rest);
  if (bare instanceof z.ZodArray) return schemaAt(bare.element, rest);
  if (bare instanceof z.ZodRecord) return schemaAt(bare.valueType, rest);
  return undefined;
}

function unwrapped(schema: Schema | undefined): Schema | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return unwrapped(schema.unwrap());
  return schema;
}

function keysOf(schema: Schema | undefined): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function valueAt(value: unknown, path: FaultPath): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = Reflect.get(at, step);
  }
  return at;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
