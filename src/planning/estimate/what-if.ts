import { z } from 'zod';
import { XenferryError } from '../../model/errors.js';
import { didYouMean } from '../did-you-mean.js';
import { LIMITS_SCHEMA } from '../migration-file/night-schema.js';
import { MIGRATION_SCHEMA, type Migration, RATES_SCHEMA } from '../migration-file/schema.js';

const RATES = Object.keys(RATES_SCHEMA.shape);
const LIMITS = Object.keys(LIMITS_SCHEMA.shape);
const WINDOW_FIELDS = ['days', 'from', 'to', 'timeZone'];
const CRON_WINDOW_FIELDS = ['cron', 'hours', 'timeZone'];

/**
 * The migration with other figures: `rates.networkMiBps=50`, or `networkMiBps=50` for short, `limits.machinesAtOnce=8`,
 * `windows.nightly.to=08:00`, `windows.nightly.days=sat,sun`, `windows.weekend.hours=60`, `start=2026-11-27T22:00:00Z`. Of two for the same name
 * the later counts. Throws USAGE for a name that is not known, CONFIG_INVALID for a value that makes no sense.
 */
export function applyWhatIf(migration: Migration, assignments: readonly string[]): Migration {
  return assignments.reduce(assign, migration);
}

function assign(migration: Migration, assignment: string): Migration {
  const equals = assignment.indexOf('=');
  const name = assignment.slice(0, Math.max(0, equals)).trim();
  const value = assignment.slice(equals + 1).trim();
  if (name === '') {
    throw new XenferryError('USAGE', `"${assignment}" is no assignment`, {
      hint: 'Write it as in networkMiBps=50.',
    });
  }
  const changed = MIGRATION_SCHEMA.safeParse(withSetting(migration, name, value));
  if (changed.success) return changed.data;
  const reason = changed.error.issues.map(({ message }) => message).join('; ');
  throw new XenferryError('CONFIG_INVALID', `${name} cannot be "${value}": ${reason}`, {
    cause: z.prettifyError(changed.error),
  });
}

/** Not checked yet. */
function withSetting(migration: Migration, name: string, value: string): unknown {
  if (name === 'start') return { ...migration, start: value };
  const { group, setting } = splitName(name);
  if (RATES.includes(setting) && (group === '' || group === 'rates'))
    return { ...migration, rates: { ...migration.rates, [setting]: numberOf(value) } };
  if (LIMITS.includes(setting) && (group === '' || group === 'limits'))
    return { ...migration, limits: { ...migration.limits, [setting]: numberOf(value) } };
  const windows = new Map(Object.entries(migration.windows ?? {}));
  const windowName = group.startsWith('windows.') ? group.slice('windows.'.length) : '';
  const window = windows.get(windowName);
  if (window === undefined || !fieldsOf(window).includes(setting)) throw unknownName(name, windows);
  return {
    ...migration,
    windows: Object.fromEntries(
      windows.set(windowName, { ...window, [setting]: windowValue(setting, value) }),
    ),
  };
}

type WindowOfFile = NonNullable<Migration['windows']>[string];

function fieldsOf(window: WindowOfFile): readonly string[] {
  return 'cron' in window ? CRON_WINDOW_FIELDS : WINDOW_FIELDS;
}

function windowValue(setting: string, value: string): unknown {
  if (setting === 'days') return value.split(',');
  return setting === 'hours' ? numberOf(value) : value;
}

/** The setting is what follows the last point: a window's name may have points of its own. */
function splitName(name: string): { group: string; setting: string } {
  const point = name.lastIndexOf('.');
  return { group: name.slice(0, Math.max(0, point)), setting: name.slice(point + 1) };
}

/** The text itself when it is no number; the schema refuses it then. */
function numberOf(value: string): number | string {
  return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

function unknownName(name: string, windows: ReadonlyMap<string, WindowOfFile>): XenferryError {
  const known = [
    ...RATES.map((rate) => `rates.${rate}`),
    ...LIMITS.map((limit) => `limits.${limit}`),
    ...[...windows].flatMap(([window, content]) =>
      fieldsOf(content).map((field) => `windows.${window}.${field}`),
    ),
    'start',
  ];
  const candidates = name.includes('.') ? known : [...RATES, ...LIMITS, 'start'];
  return new XenferryError('USAGE', `there is no setting "${name}" to try${didYouMean(name, candidates)}`, {
    hint: `There are ${known.join(', ')}.`,
  });
}
