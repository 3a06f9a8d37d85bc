import { join } from 'node:path';

/** Where the ledger of a target folder is, with its lock and what else a run keeps there. */
export function ledgerFolder(target: string): string {
  return join(target, '.xenferry');
}

export function databaseFile(folder: string): string {
  return join(folder, 'ledger.sqlite');
}

export function lockFile(folder: string): string {
  return join(folder, 'lock');
}
