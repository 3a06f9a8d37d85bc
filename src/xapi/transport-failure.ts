import { type BrokenKind, brokenKind, isUntrusted } from '../io/broken-connection.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';

const UNTRUSTED_HINT = "Give the SHA-256 fingerprints of the pool's hosts, or install their authority here.";

/** A host that did not answer, and what another attempt may do about it. */
export class TransportFailure extends XenferryError {
  readonly kind: BrokenKind;

  constructor(kind: BrokenKind, message: string, pool: string, hint?: string, cause?: unknown) {
    super('POOL_UNREACHABLE', message, { file: pool, hint, cause });
    this.kind = kind;
  }
}

/** Whatever a request failed with, without its address: that may have a session in it. */
export function transportFailure(error: unknown, pool: string): XenferryError {
  if (error instanceof XenferryError) return error;
  const code = systemErrorCode(error) ?? (error instanceof Error ? error.name : 'unknown');
  const hint = isUntrusted(code) ? UNTRUSTED_HINT : undefined;
  return new TransportFailure(brokenKind(code), `the host cannot be reached (${code})`, pool, hint, error);
}
