import { XenferryError } from '../model/errors.js';
import type { Failure } from './attempts.js';

/** Codes of Node, undici and nodemailer that another attempt may not meet, in words. */
const PASSING_REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ECONNRESET', 'the connection was reset'],
  ['EPIPE', 'the connection was closed'],
  ['ETIMEDOUT', 'no connection in time'],
  ['EHOSTUNREACH', 'no way to the host'],
  ['ENETUNREACH', 'no way to the network'],
  ['EAI_AGAIN', 'the name cannot be looked up now'],
  ['ECONNECTION', 'the connection was lost'],
  ['UND_ERR_SOCKET', 'the connection was lost'],
  ['UND_ERR_CONNECT_TIMEOUT', 'no connection in time'],
  ['UND_ERR_HEADERS_TIMEOUT', 'no answer in time'],
  ['UND_ERR_BODY_TIMEOUT', 'the answer stopped in the middle'],
]);

/** OpenSSL's and Node's names for a certificate that nobody vouches for. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERT_/;
const UNTRUSTED_HINT = 'Name the file with the certificate of its authority (ca).';

/**
 * A message that could not be delivered. What the other side said is left out: it may repeat what it was sent, the
 * password too. So is the cause.
 */
export function failure(message: string, passing: boolean, wait?: number): Failure {
  return { error: new XenferryError('NOTIFICATION_FAILED', message), passing, wait };
}

/** One that failed without an answer, or in the middle of one; by the code of the error. */
export function connectionFailure(code: string, signal: AbortSignal): Failure {
  if (signal.aborted) return failure('no answer in time', true);
  const passing = PASSING_REASONS.get(code);
  if (UNTRUSTED.test(code)) {
    const message = `the certificate of the server is not trusted (${code})`;
    return {
      error: new XenferryError('NOTIFICATION_FAILED', message, { hint: UNTRUSTED_HINT }),
      passing: false,
    };
  }
  return failure(`cannot be reached (${passing ?? code})`, passing !== undefined);
}
