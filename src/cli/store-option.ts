/** The option of commands that may keep the ledger elsewhere; `readLedgerPlace` reads it. */
export const STORE_OPTION = {
  type: 'string',
  requiresArg: true,
  describe:
    'Where the ledger is: a folder, postgres://USER@HOST/DATABASE, or env:NAME or file:PATH with such a URL',
} as const;
