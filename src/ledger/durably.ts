/** Runs a change of the ledger so that it holds, or throws TARGET_NO_SPACE, LEDGER_INVALID. */
export type Durably = <T>(action: () => Promise<T>) => Promise<T>;
