import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerPlace } from '../../src/ledger/index.js';
import { postgresPrograms, testPostgres } from './postgres.js';

/** A kind of database that ledgers are kept in. */
export interface TestStore {
  readonly name: 'SQLite' | 'PostgreSQL';
  /** A place without a ledger. `target`: the folder that the first batch goes into. */
  newPlace(target: string): Promise<LedgerPlace>;
}

/** Those there are here: what is promised of a ledger is promised of each. */
export function testStores(): TestStore[] {
  const sqlite: TestStore = { name: 'SQLite', newPlace: async (target) => ({ folder: target }) };
  const programs = postgresPrograms();
  if (programs === null) return [sqlite];
  const postgres = testPostgres(programs);
  return [sqlite, { name: 'PostgreSQL', newPlace: async () => ({ url: await postgres.newDatabase() }) }];
}

/** A new folder in `folder`. */
export function newTarget(folder: string): string {
  return mkdtempSync(join(folder, 'target-'));
}
