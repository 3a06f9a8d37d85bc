import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { type BatchRecord, Ledger, type LedgerPlace, readLedgerPlace } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';
import { STORE_OPTION } from './store-option.js';

/** Options of the commands that are about a batch of earlier. */
export interface BatchOptions {
  readonly target: string;
  readonly store: string | undefined;
  readonly batch: number | undefined;
}

export function withBatchOptions<T>(args: Argv<T>, target: string): Argv<T & BatchOptions> {
  return args
    .positional('target', { type: 'string', default: 'out', describe: target })
    .option('store', { ...STORE_OPTION, describe: `${STORE_OPTION.describe}; default: the target` })
    .option('batch', {
      type: 'number',
      requiresArg: true,
      describe: 'Number of the batch in the store; default: the last one into the target',
    });
}

/** Which batch is wanted, and where it is written down. */
export interface WantedBatch {
  readonly place: LedgerPlace;
  /** Absolute path of the target folder. */
  readonly target: string;
  /** Null: the last one into the target. */
  readonly id: number | null;
}

/** Rejects with CONFIG_INVALID. */
export async function wantedBatch({ target, store, batch }: BatchOptions): Promise<WantedBatch> {
  const folder = resolve(target);
  if (batch !== undefined && !(Number.isSafeInteger(batch) && batch > 0)) {
    throw new XenferryError('CONFIG_INVALID', '--batch takes the number of a batch');
  }
  return {
    place: store === undefined ? { folder } : await readLedgerPlace(store),
    target: folder,
    id: batch ?? null,
  };
}

/**
 * Does something with a batch and its ledger, which is open for reading meanwhile, or for writing. Rejects with
 * SOURCE_NOT_FOUND when there is none, TARGET_BUSY, LEDGER_*.
 */
export async function withBatch<T>(
  { place, target, id }: WantedBatch,
  action: (batch: BatchRecord, ledger: Ledger) => Promise<T>,
  access: 'read' | 'write' = 'read',
): Promise<T> {
  let ledger = await Ledger.openForReading(place);
  if (access === 'write') {
    // Only one that is there: none is made by looking for it.
    await ledger.close();
    ledger = await Ledger.open(place);
  }
  try {
    const batch = id === null ? await ledger.latestBatch(target) : await ledger.batch(id);
    if (batch !== null) return await action(batch, ledger);
    const message = id === null ? 'no batch was ever started here' : `the store has no batch ${id}`;
    throw new XenferryError('SOURCE_NOT_FOUND', message, { file: id === null ? target : undefined });
  } finally {
    await ledger.close();
  }
}
