import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { XenferryError } from '../../model/errors.js';
import { PROFILE_SCHEMA, type Profile } from './profile.js';

/** The folder that ships with the program, as the bundle and the sources see it. */
const SHIPPED_PROFILES = fileURLToPath(
  new URL(import.meta.url.endsWith('.js') ? '../profiles/' : '../../../profiles/', import.meta.url),
);
const EXTENSION = '.yaml';

/** All profiles of a folder, by file name. Throws PROFILE_INVALID with the file and what is wrong. */
export async function loadProfiles(folder: string = SHIPPED_PROFILES): Promise<Profile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(EXTENSION)).sort();
  return await Promise.all(names.map((name) => loadProfile(join(folder, name))));
}

async function loadProfile(file: string): Promise<Profile> {
  const profile = await readProfile(file);
  if (profile.id !== basename(file, EXTENSION)) {
    throw new XenferryError('PROFILE_INVALID', `the id "${profile.id}" is not the file's name`, {
      file,
      hint: 'Name the file after the id, or the other way round.',
    });
  }
  return profile;
}

async function readProfile(file: string): Promise<Profile> {
  try {
    return PROFILE_SCHEMA.parse(parse(await readFile(file, 'utf8')));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new XenferryError('PROFILE_INVALID', reason, { file, cause });
  }
}

/** What editors check profiles by: the JSON schema of a profile file, as `profiles/profile.schema.json` holds it. */
export function profileJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(PROFILE_SCHEMA, { io: 'input' }), title: 'Guest profile of Xenferry' };
}
