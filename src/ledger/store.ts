import type { Kysely } from 'kysely';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import type { LedgerSchema } from './schema.js';

/** Runs a change, or a question, and repeats what may pass; so it must come to the same when it is done twice. */
export type Durably = <T>(action: () => Promise<T>) => Promise<T>;

/** A target folder held for one run, or a store for one service. */
export interface TargetLock {
  /** Aborts, with the error as its reason, when the lock is lost: the run must stop. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** The database of a ledger. */
export interface LedgerStore {
  readonly db: Kysely<LedgerSchema>;
  readonly durably: Durably;
  /** Whether transactions run side by side, so that a row must be locked to stay as it was read. */
  readonly concurrent: boolean;
  /** `target`: absolute path. Rejects with TARGET_BUSY while another run holds it. */
  lockTarget(target: string): Promise<TargetLock>;
  /** Whether a run holds the target folder now. */
  isTargetHeld(target: string): Promise<boolean>;
  /** Rejects with TARGET_BUSY while another service holds it. */
  lockService(): Promise<TargetLock>;
  close(): Promise<void>;
}

export function ledgerError(cause: unknown, file?: string): XenferryError {
  if (cause instanceof XenferryError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = systemErrorCode(cause);
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') {
    return new XenferryError('TARGET_NO_SPACE', 'the target is full: the ledger cannot be written', {
      file,
      cause,
    });
  }
  return new XenferryError('LEDGER_INVALID', `the ledger cannot be used: ${reason}`, { file, cause });
}
