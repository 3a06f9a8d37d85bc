import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Profile } from '../guests/profiles/index.js';
import { type CompiledRule, loadRules } from './concerns/index.js';
import { loadMigration } from './migration-file/load-migration.js';
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

/** Reads a migration file and what it names; null stands for an empty one. Rejects with CONFIG_INVALID. */
export async function prepare(file: string | null, profiles: readonly Profile[]): Promise<Preparation> {
  const folder = resolve(file === null ? '.' : dirname(file));
  const ids = profiles.map(({ id }) => id);
  const migration: Migration = file === null ? { version: 1 } : await loadMigration(file, ids);
  const rules = (migration.rules ?? []).map((name) => (isAbsolute(name) ? name : join(folder, name)));
  return {
    migration,
    lists: await loadLists(migration, folder),
    rules: await loadRules(rules),
    folder,
  };
}
