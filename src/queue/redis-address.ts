import { decodedPart, hostOf, isLocalHost, rootCertificate } from '../io/server-url.js';
import { XenferryError } from '../model/errors.js';

/** What the driver needs to connect. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  /** Left out: in clear, to this machine itself. */
  readonly tls?: { readonly rejectUnauthorized: true; readonly ca?: string };
}

const DEFAULT_PORT = 6379;
/** Redis' own default for `databases` is 16; more are a matter of its configuration. */
const DATABASE = /^\/?(\d{0,4})$/;

/** Whether it is one by its scheme. */
export function isRedisUrl(text: string): boolean {
  return /^rediss?:\/\//.test(text);
}

/**
 * Reads `redis://user:password@host:port/database`, or `rediss://...?sslrootcert=FILE` for TLS, which other machines are
 * always reached by. Throws CONFIG_INVALID, with no part of the URL.
 */
export function redisAddress(url: string): RedisAddress {
  const parsed = isRedisUrl(url) && URL.canParse(url) ? new URL(url) : null;
  if (parsed === null) throw invalid('it is none of the form redis://user@host:port/database');
  const { protocol, hostname, port, pathname, searchParams } = parsed;
  const [, database] = DATABASE.exec(pathname) ?? [];
  if (database === undefined) throw invalid('its database is no number');
  if ([...searchParams.keys()].some((name) => name !== 'sslrootcert')) {
    throw invalid('it has a parameter other than sslrootcert');
  }
  const certificate = searchParams.get('sslrootcert');
  const encrypted = protocol === 'rediss:';
  if (!encrypted && certificate !== null) throw invalid('sslrootcert is for rediss://');
  if (!encrypted && !isLocalHost(hostname)) {
    throw invalid('other machines are reached by rediss:// alone, which keeps others from reading along');
  }
  const username = decoded(parsed.username);
  const password = decoded(parsed.password);
  return {
    host: hostOf(hostname),
    port: port === '' ? DEFAULT_PORT : Number(port),
    db: Number(database),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(encrypted && {
      tls: { rejectUnauthorized: true, ...(certificate && { ca: rootCertificate(certificate) }) },
    }),
  };
}

function decoded(part: string): string | undefined {
  const text = decodedPart(part);
  if (text === null) throw invalid('it has a percent sign that encodes nothing');
  return text;
}

function invalid(reason: string): XenferryError {
  return new XenferryError('CONFIG_INVALID', `the URL of the queue cannot be used: ${reason}`);
}
