import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Profile } from '../guests/profiles/index.js';
import { type CompiledRule, loadRules } from './concerns/index.js';
import { loadMigration, parseMigration } from './migration-file/load-migration.js';
import type { Migration } from './migration-file/schema.js';
import { loadLists, type MachineList } from './selection/index.js';

/** A migration with all the files it names. */
export interface Preparation {
  readonly migration: Migration;
  readonly lists: ReadonlyMap<string, MachineList>;
  readonly rules: readonly CompiledRule[];
  /** Absolute folder in which the migration's relative paths begin. */
  readonly folder: string;
}

/** A migration file's text that lies in no file. */
export interface MigrationText {
  readonly text: string;
  /** Stands for the file in errors. */
  readonly name: string;
  /** Absolute path of the folder in which its relative paths begin. */
  readonly folder: string;
  /** Asked before anything that it names is read; rejects for what may not be. */
  readonly admit: (migration: Migration) => Promise<void>;
}

/** Reads a migration file and what it names; null stands for an empty one. Rejects with CONFIG_INVALID. */
export async function prepare(
  source: string | MigrationText | null,
  profiles: readonly Profile[],
): Promise<Preparation> {
  const ids = profiles.map(({ id }) => id);
  if (source === null) return await withFiles({ version: 1 }, resolve('.'));
  if (typeof source === 'string') {
    return await withFiles(await loadMigration(source, ids), resolve(dirname(source)));
  }
  const migration = parseMigration(source.text, source.name, ids);
  await source.admit(migration);
  return await withFiles(migration, source.folder);
}

async function withFiles(migration: Migration, folder: string): Promise<Preparation> {
  const rules = (migration.rules ?? []).map((name) => (isAbsolute(name) ? name : join(folder, name)));
  return {
    migration,
    lists: await loadLists(migration, folder),
    rules: await loadRules(rules),
    folder,
  };
}
