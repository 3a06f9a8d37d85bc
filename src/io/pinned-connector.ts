import type { OnReadOpts } from 'node:net';
import { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { type ErrorCode, XenferryError } from '../model/errors.js';

/**
 * A SHA-256 fingerprint as Node and openssl print it: 32 pairs of digits with colons between. Throws CONFIG_INVALID.
 */
export function parseFingerprint(text: string): string {
  const digits = text.replaceAll(/[:\s]/g, '').toUpperCase();
  if (!/^[0-9A-F]{64}$/.test(digits)) {
    throw new XenferryError('CONFIG_INVALID', `"${text}" is not a SHA-256 fingerprint of 64 digits`);
  }
  return digits.replaceAll(/(..)(?=.)/g, '$1:');
}

export interface Pinning {
  /** As `parseFingerprint` gives them. */
  readonly fingerprints: readonly string[];
  readonly timeoutMs: number;
  /** For a server with another certificate. */
  readonly code: ErrorCode;
  /** For errors. */
  readonly name: string;
  /** Where what comes goes, instead of into the connection's stream. */
  readonly onread?: OnReadOpts | undefined;
}

/**
 * Connects to servers that present one of the certificates that are trusted, whoever signed it. The certificate is
 * looked at before any request is sent, so that no other server sees credentials.
 */
export function pinnedConnector({
  fingerprints,
  timeoutMs,
  code,
  name,
  onread,
}: Pinning): buildConnector.connector {
  // No authority vouches for a self-signed server, so Node's own check is replaced, not left out: below, any other
  // certificate than the pinned one ends the connection. A resumed TLS session would bring none to look at.
  const connect = buildConnector({
    timeout: timeoutMs,
    rejectUnauthorized: false,
    maxCachedSessions: 0,
    ...(onread === undefined ? {} : { onread }),
  });
  return (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      const presented = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : 'none';
      if (fingerprints.includes(presented)) return callback(null, socket);
      socket.destroy();
      const expected = fingerprints.join(' or ');
      callback(mismatch(code, presented, expected, name), null);
    });
  };
}

function mismatch(code: ErrorCode, presented: string, expected: string, file: string): XenferryError {
  return new XenferryError(
    code,
    `the server's certificate has the fingerprint ${presented}, ${expected} expected`,
    { file, hint: 'Make sure that this is the right server before you trust its fingerprint.' },
  );
}
