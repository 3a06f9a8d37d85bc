import { readUrlReference } from '../io/url-reference.js';
import { type LedgerPlace, readLedgerPlace } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';

/** The queue, where it is not in the same database as the ledger. */
export const QUEUE_OPTION = {
  type: 'string',
  requiresArg: true,
  describe: 'Queue of the workers: redis://HOST, or env:NAME or file:PATH with a URL; default: in the store',
} as const;

/** The option of commands that may keep the ledger elsewhere; `readLedgerPlace` reads it. */
export const STORE_OPTION = {
  type: 'string',
  requiresArg: true,
  describe:
    'Where the ledger is: a folder, postgres://USER@HOST/DATABASE, or env:NAME or file:PATH with such a URL',
} as const;

interface GivenOptions {
  readonly store: string | undefined;
  readonly 'on-workers': boolean;
  readonly queue: string | undefined;
}

/** Where the ledger is, and who runs the machines. */
interface LedgerOptions {
  readonly store: LedgerPlace | undefined;
  readonly queue: string | undefined;
}

/** Rejects with USAGE, CONFIG_INVALID. */
export async function ledgerOptions({
  store: given,
  'on-workers': onWorkers,
  queue,
}: GivenOptions): Promise<LedgerOptions> {
  const store = given === undefined ? undefined : await readLedgerPlace(given);
  if (!onWorkers) return { store, queue: undefined };
  if (store !== undefined && 'url' in store) {
    return { store, queue: queue === undefined ? store.url : await readUrlReference(queue, 'queue URL') };
  }
  throw new XenferryError('USAGE', '--on-workers needs a --store that they share');
}
