import { systemErrorCode, XenferryError } from '../model/errors.js';

/** Nothing was sent: the same call may be made again, whatever it does. */
const NOT_SENT = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'UND_ERR_CONNECT_TIMEOUT'];

/** The connection broke; whether the call was carried out is not known. */
const BROKEN = [
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
];

const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERT_/;
const UNTRUSTED_HINT = "Give the SHA-256 fingerprints of the pool's hosts, or install their authority here.";

/** A host that did not answer, and what another attempt may do about it. */
export class TransportFailure extends XenferryError {
  readonly kind: 'not sent' | 'broken' | 'hopeless';

  constructor(kind: TransportFailure['kind'], message: string, pool: string, hint?: string, cause?: unknown) {
    super('POOL_UNREACHABLE', message, { file: pool, hint, cause });
    this.kind = kind;
  }
}

/** Whatever a request failed with, without its address: that may have a session in it. */
export function transportFailure(error: unknown, pool: string): XenferryError {
  if (error instanceof XenferryError) return error;
  const code = systemErrorCode(error) ?? (error instanceof Error ? error.name : 'unknown');
  const kind = NOT_SENT.includes(code) ? 'not sent' : BROKEN.includes(code) ? 'broken' : 'hopeless';
  const hint = UNTRUSTED.test(code) ? UNTRUSTED_HINT : undefined;
  return new TransportFailure(kind, `the host cannot be reached (${code})`, pool, hint, error);
}
