import { type ErrorCode, type ErrorPlace, systemErrorCode, XenferryError } from '../model/errors.js';

/** What one attempt met and another one may not. */
export class PassingFailure extends Error {
  readonly reason: XenferryError;

  constructor(reason: XenferryError) {
    super(reason.message);
    this.reason = reason;
  }
}

/** Codes of Node and undici that another attempt may not meet, in words. */
const PASSING_REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNRESET', 'the connection was reset'],
  ['EPIPE', 'the connection was closed'],
  ['ETIMEDOUT', 'the connection timed out'],
  ['UND_ERR_SOCKET', 'the connection was lost'],
  ['UND_ERR_CONNECT_TIMEOUT', 'no connection in time'],
  ['UND_ERR_HEADERS_TIMEOUT', 'no answer in time'],
  ['UND_ERR_BODY_TIMEOUT', 'the answer stopped in the middle'],
]);

/** OpenSSL's and Node's names for a certificate that nobody vouches for. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERT_/;
const UNTRUSTED_HINT =
  "Install the certificate authority on this machine, or give the server's SHA-256 fingerprint.";

/** 408 and 429 ask for another attempt by their definition (RFC 9110, RFC 6585). */
const PASSING_STATUS = [408, 429];

const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'SOURCE_UNAUTHORIZED',
  403: 'SOURCE_UNAUTHORIZED',
  404: 'SOURCE_NOT_FOUND',
  410: 'SOURCE_NOT_FOUND',
};

/** A request that failed without an answer, or in the middle of one. */
export function requestFailure(error: unknown, place: ErrorPlace): XenferryError | PassingFailure {
  if (error instanceof XenferryError || error instanceof PassingFailure) return error;
  const code = systemErrorCode(error) ?? String(error);
  const passing = PASSING_REASONS.get(code);
  const failure = new XenferryError('SOURCE_UNREADABLE', `cannot be read (${passing ?? code})`, {
    ...place,
    hint: UNTRUSTED.test(code) ? UNTRUSTED_HINT : undefined,
    cause: error,
  });
  return passing === undefined ? failure : new PassingFailure(failure);
}

/** An answer that is a refusal. `redirected`: another attempt may be led to a fresher address. */
export function statusFailure(
  status: number,
  place: ErrorPlace,
  redirected: boolean,
): XenferryError | PassingFailure {
  const code = STATUS_CODES[status] ?? 'SOURCE_UNREADABLE';
  const failure = new XenferryError(code, `the server answers with status ${status}`, place);
  const passing = status >= 500 || PASSING_STATUS.includes(status) || redirected;
  return passing ? new PassingFailure(failure) : failure;
}
