import { type BrokenKind, brokenKind, isUntrusted } from '../io/broken-connection.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';

const UNTRUSTED_HINT =
  "Give the SHA-256 fingerprint of the server's certificate, or install its authority here.";

/** A server that did not answer, and what another attempt may do about it. */
export class TransportFailure extends XenferryError {
  readonly kind: BrokenKind;

  constructor(kind: BrokenKind, message: string, server: string, hint?: string, cause?: unknown) {
    super('VSPHERE_UNREACHABLE', message, { file: server, hint, cause });
    this.kind = kind;
  }
}

/** Whatever a request failed with. */
export function transportFailure(error: unknown, server: string): XenferryError {
  if (error instanceof XenferryError) return error;
  const code = systemErrorCode(error) ?? (error instanceof Error ? error.name : 'unknown');
  const hint = isUntrusted(code) ? UNTRUSTED_HINT : undefined;
  return new TransportFailure(
    brokenKind(code),
    `the server cannot be reached (${code})`,
    server,
    hint,
    error,
  );
}
