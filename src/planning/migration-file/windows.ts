import { XenferryError } from '../../model/errors.js';
import type { MigrationWindow } from '../../model/window.js';
import type { Migration } from './schema.js';

/** A window of the migration file by its name. Throws CONFIG_INVALID for one that is not there, or not of this world. */
export function windowOf(name: string, windows: NonNullable<Migration['windows']>): MigrationWindow {
  const window = windows[name];
  if (window === undefined) throw new XenferryError('CONFIG_INVALID', `there is no window ${name}`);
  try {
    new Intl.DateTimeFormat('en', { timeZone: window.timeZone });
  } catch (cause) {
    const message = `windows.${name}: there is no time zone ${JSON.stringify(window.timeZone)}`;
    throw new XenferryError('CONFIG_INVALID', message, { cause });
  }
  return { name, ...window };
}
