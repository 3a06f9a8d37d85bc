import type { OnReadOpts } from 'node:net';
import { buildConnector } from 'undici';
import { parseFingerprint, pinnedConnector } from '../io/pinned-connector.js';

/** Opens connections to the pool's hosts, and to none whose certificate is not trusted. */
export type Connector = buildConnector.connector;

/**
 * `fingerprints`: SHA-256 of the certificates to trust, in hex; without any, those the system trusts.
 * `pool` is for errors. With `onread`, what comes goes there. Throws CONFIG_INVALID.
 */
export function poolConnector(
  fingerprints: readonly string[],
  timeoutMs: number,
  pool: string,
  onread?: OnReadOpts,
): Connector {
  if (fingerprints.length === 0) {
    return buildConnector({ timeout: timeoutMs, ...(onread === undefined ? {} : { onread }) });
  }
  const parsed = fingerprints.map(parseFingerprint);
  return pinnedConnector({ fingerprints: parsed, timeoutMs, code: 'POOL_UNREACHABLE', name: pool, onread });
}
