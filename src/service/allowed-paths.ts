import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { KeyReference } from '../model/destination.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import type { Migration } from '../planning/index.js';

/** What clients may name of the service's environment: all else in it is none of theirs. */
const VARIABLE = /^XENFERRY_[A-Z0-9_]*$/;

/** The folders whose files clients may have read and written. */
export class AllowedPaths {
  readonly #folders: readonly string[];
  readonly #private: readonly string[];

  /** Absolute paths: `folders` may be used but for what is `own`, files and folders of the service itself. */
  constructor(folders: readonly string[], own: readonly string[]) {
    this.#folders = folders;
    this.#private = own;
  }

  /** Rejects with PATH_NOT_ALLOWED for a path that leads elsewhere, through links as well. It need not exist. */
  async admit(path: string): Promise<void> {
    const real = await realPlace(path);
    const [folders, own] = await Promise.all([
      Promise.all(this.#folders.map(realPlace)),
      Promise.all(this.#private.map(realPlace)),
    ]);
    const allowed = folders.some((folder) => isWithin(real, folder));
    if (allowed && !own.some((place) => isWithin(real, place))) return;
    throw new XenferryError('PATH_NOT_ALLOWED', 'the service may not use this path', { file: path });
  }

  /** Asks for all that a migration names, relative to `folder`. Rejects with PATH_NOT_ALLOWED. */
  async admitMigration(migration: Migration, folder: string): Promise<void> {
    for (const path of pathsOf(migration)) await this.admit(resolve(folder, path));
    for (const reference of secretsOf(migration)) {
      if ('file' in reference) await this.admit(resolve(folder, reference.file));
      else if (!VARIABLE.test(reference.environment)) {
        const message = `the environment variable ${reference.environment} is none of XENFERRY_…`;
        throw new XenferryError('PATH_NOT_ALLOWED', message, {
          hint: 'Give the variable a name that begins with XENFERRY_, or have the secret in a file.',
        });
      }
    }
  }
}

function* pathsOf(migration: Migration): Generator<string> {
  const { sources = [], target, guests, rules = [], select = [], exclude = [], waves = [] } = migration;
  const { notifications = [] } = migration;
  for (const source of sources) {
    if ('path' in source) yield source.path;
    if ('rvtools' in source) yield source.rvtools;
  }
  if (target?.folder !== undefined) yield target.folder;
  if (guests?.tools !== undefined) yield guests.tools;
  yield* rules;
  for (const one of notifications) {
    const { ca } = 'webhook' in one ? one.webhook : one.mail;
    if (ca !== undefined) yield ca;
  }
  for (const { list } of [...select, ...exclude, ...waves.flatMap(({ machines = [] }) => machines)]) {
    if (list !== undefined) yield list;
  }
}

function* secretsOf({
  sources = [],
  target,
  guests,
  notifications = [],
}: Migration): Generator<KeyReference> {
  for (const source of sources) if ('vsphere' in source) yield source.password;
  if (target?.pool !== undefined) yield target.pool.password;
  const next = target?.pool?.after?.move?.pool;
  if (next !== undefined) yield next.password;
  yield* guests?.luksKeys ?? [];
  for (const one of notifications) {
    const named =
      'webhook' in one
        ? [one.webhook.url, one.webhook.secret]
        : [one.mail.login?.user, one.mail.login?.password];
    for (const reference of named) if (typeof reference === 'object') yield reference;
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.replace(/\/*$/, sep));
}

/** The real path of what exists of it, and the rest as it is. */
async function realPlace(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (systemErrorCode(error) !== 'ENOENT' || parent === path) {
      throw new XenferryError('PATH_NOT_ALLOWED', 'this path cannot be looked at', {
        file: path,
        cause: error,
      });
    }
    return join(await realPlace(parent), basename(path));
  }
}
