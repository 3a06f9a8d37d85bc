import { faultOfCron } from '../../calendar/index.js';
import { XenferryError } from '../../model/errors.js';
import { didYouMean } from '../did-you-mean.js';
import { compileWhere } from '../selection/where.js';
import { type Fault, type FaultPath, shown } from './fault.js';

/** Where a name may stand; `*` is any key or number. */
type Pattern = readonly string[];

interface Reference {
  readonly kind: string;
  readonly uses: readonly Pattern[];
  /** Where the names are made known. */
  readonly from: Pattern;
  /** Whether no list at all means that any name goes. */
  readonly optional: boolean;
}

const REFERENCES: readonly Reference[] = [
  {
    kind: 'wave',
    uses: [['machines', '*', 'wave']],
    from: ['waves', '*', 'name'],
    optional: false,
  },
  {
    kind: 'storage repository of target.storage',
    uses: [
      ['storage', '*', 'to'],
      ['machines', '*', 'storage'],
      ['machines', '*', 'disks', '*', 'storage'],
    ],
    from: ['target', 'storage', '*', 'name'],
    optional: true,
  },
  {
    kind: 'network of target.networks',
    uses: [
      ['networks', '*', 'to'],
      ['machines', '*', 'network'],
      ['machines', '*', 'nics', '*', 'network'],
    ],
    from: ['target', 'networks', '*', 'name'],
    optional: true,
  },
];

const WINDOW_USES: readonly Pattern[] = [
  ['waves', '*', 'window'],
  ['bandwidth', '*', 'window'],
  ['target', 'pool', 'after', 'move', 'window'],
  ['live', 'cutover', 'window'],
];

const PROFILE_USES: readonly Pattern[] = [
  ['profiles', '*', 'to'],
  ['machines', '*', 'profile'],
];

/** Names by which others are found, so that there may be no two of them. */
const UNIQUE: readonly Pattern[] = [
  ['waves', '*', 'name'],
  ['target', 'hosts', '*', 'name'],
  ['target', 'storage', '*', 'name'],
  ['target', 'networks', '*', 'name'],
];

const EXPRESSIONS: readonly Pattern[] = [
  ['select', '*', 'where'],
  ['exclude', '*', 'where'],
  ['waves', '*', 'machines', '*', 'where'],
];

/**
 * What is wrong beyond the shape: names that stand for nothing or for two things, expressions that do not parse, time
 * zones that do not exist. Takes a file of any shape, so that these come up together with what is wrong in that.
 * `profileIds` are the profiles there are; null leaves profiles unchecked.
 */
export function* referenceFaults(file: unknown, profileIds: readonly string[] | null): Generator<Fault> {
  for (const { kind, uses, from, optional } of REFERENCES) {
    if (optional && listAt(file, from.slice(0, -2)) === undefined) continue;
    const known = [...textsAt(file, from)].map(({ text }) => text);
    yield* unknownNames(file, kind, uses, known);
  }
  yield* unknownNames(file, 'window', WINDOW_USES, windowNames(file));
  if (profileIds !== null) yield* unknownNames(file, 'profile', PROFILE_USES, profileIds);
  for (const pattern of UNIQUE) yield* repeatedNames(file, pattern);
  yield* badExpressions(file);
  yield* unknownTimeZones(file);
  yield* badCrons(file);
}

function* unknownNames(
  file: unknown,
  kind: string,
  uses: readonly Pattern[],
  known: readonly string[],
): Generator<Fault> {
  const names = new Set(known);
  for (const use of uses) {
    for (const { path, text } of textsAt(file, use)) {
      if (names.has(text)) continue;
      yield { path, about: 'value', message: `${shown(text)} is no ${kind}${didYouMean(text, known)}` };
    }
  }
}

function* repeatedNames(file: unknown, pattern: Pattern): Generator<Fault> {
  const names = new Set<string>();
  for (const { path, text } of textsAt(file, pattern)) {
    if (names.has(text)) yield { path, about: 'value', message: `${shown(text)} is there twice` };
    names.add(text);
  }
}

function* badExpressions(file: unknown): Generator<Fault> {
  for (const pattern of EXPRESSIONS) {
    for (const { path, text } of textsAt(file, pattern)) {
      try {
        compileWhere(text);
      } catch (error) {
        if (!(error instanceof XenferryError)) throw error;
        yield { path, about: 'value', message: error.message };
      }
    }
  }
}

function* unknownTimeZones(file: unknown): Generator<Fault> {
  for (const { path, text } of textsAt(file, ['windows', '*', 'timeZone'])) {
    if (isTimeZone(text)) continue;
    const nearest = didYouMean(text, Intl.supportedValuesOf('timeZone'));
    yield { path, about: 'value', message: `${shown(text)} is no time zone${nearest}` };
  }
}

function* badCrons(file: unknown): Generator<Fault> {
  for (const { path, text } of textsAt(file, ['windows', '*', 'cron'])) {
    const fault = faultOfCron(text);
    if (fault !== null) yield { path, about: 'value', message: `${shown(text)} says no time: ${fault}` };
  }
}

/** Also those that `Intl` knows under another name. */
function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function windowNames(file: unknown): string[] {
  const windows = isObject(file) ? Reflect.get(file, 'windows') : undefined;
  return isObject(windows) ? Object.keys(windows) : [];
}

function listAt(file: unknown, path: Pattern): unknown {
  return path.reduce<unknown>(
    (value, step) => (isObject(value) ? Reflect.get(value, step) : undefined),
    file,
  );
}

interface PlacedText {
  readonly path: FaultPath;
  readonly text: string;
}

function* textsAt(value: unknown, pattern: Pattern, path: FaultPath = []): Generator<PlacedText> {
  const [step, ...rest] = pattern;
  if (step === undefined) {
    if (typeof value === 'string') yield { path, text: value };
  } else if (step !== '*') {
    if (isObject(value) && Object.hasOwn(value, step))
      yield* textsAt(Reflect.get(value, step), rest, [...path, step]);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* textsAt(item, rest, [...path, index]);
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) yield* textsAt(item, rest, [...path, key]);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
