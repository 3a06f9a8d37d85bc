import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { KeyReference } from '../model/destination.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';

/** The longest that a timer waits. */
export const MAX_SECONDS = 2_000_000;

/** An option of the commands that simulate something. Throws CONFIG_INVALID. */
export function wholeNumber(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new XenferryError('CONFIG_INVALID', `--${name} takes a whole number from ${least} to ${most}`);
}

/** Resolves when the time is over or at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
export async function untilEnd(seconds: number | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    // What could not start is not waited for.
    if (seconds !== undefined) setTimeout(resolve, seconds * 1000).unref();
  });
}

export interface SimulatorPassword {
  readonly password: string;
  /** As migration files have it. */
  readonly reference: KeyReference;
  /** Where it is written; null where the environment has told it. */
  readonly file: string | null;
  readonly forget: () => Promise<void>;
}

/** The operator's password, from a variable, or a new one in a file that nobody else may read. */
export async function keepPassword(variable: string): Promise<SimulatorPassword> {
  const told = process.env[variable];
  if (told) {
    return { password: told, reference: { environment: variable }, file: null, forget: async () => {} };
  }
  const password = randomBytes(18).toString('base64url');
  const folder = await mkdtemp(join(tmpdir(), 'xenferry-simulate-'));
  const file = join(folder, 'password');
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  const forget = async () => await rm(folder, { recursive: true, force: true });
  return { password, reference: { file }, file, forget };
}

/** A migration file, or a part of one. Throws TARGET_EXISTS and TARGET_UNWRITABLE. */
export async function writeMigration(file: string, migration: object): Promise<void> {
  try {
    await writeFile(file, stringify(migration, { lineWidth: 0 }), { flag: 'wx' });
  } catch (cause) {
    if (systemErrorCode(cause) === 'EEXIST') {
      throw new XenferryError('TARGET_EXISTS', 'a file of that name exists', { file });
    }
    const reason = systemErrorCode(cause) ?? String(cause);
    throw new XenferryError('TARGET_UNWRITABLE', `cannot be written (${reason})`, { file, cause });
  }
}
