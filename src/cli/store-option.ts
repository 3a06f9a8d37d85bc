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
