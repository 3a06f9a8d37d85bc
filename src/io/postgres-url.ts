import { XenferryError } from '../model/errors.js';
import { decodedPart, hostOf, isLocalHost, rootCertificate } from './server-url.js';

/** What the driver needs to connect; a password that is left out comes from PGPASSWORD or the password file. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string;
  /** False: in clear, to this machine itself. */
  readonly ssl: false | { readonly rejectUnauthorized: true; readonly ca?: string };
  /** For messages: where it is, without user and password. */
  readonly shown: string;
}

const DEFAULT_PORT = 5432;
const PARAMETERS: readonly string[] = ['host', 'sslmode', 'sslrootcert'];

/** Whether it is one by its scheme. */
export function isPostgresUrl(text: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(text);
}

/**
 * Reads `postgres://user@host:port/database?sslmode=verify-full&sslrootcert=FILE`, or `?host=/folder` for a socket.
 * To other machines always by TLS with their certificate verified. Throws CONFIG_INVALID, with no part of the URL.
 */
export function postgresAddress(url: string): PostgresAddress {
  const parsed = isPostgresUrl(url) && URL.canParse(url) ? new URL(url) : null;
  if (parsed === null) throw invalid('it is none of the form postgres://user@host:port/database');
  const { searchParams, hostname, port } = parsed;
  const unknown = [...searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) throw invalid(`it has a parameter other than ${PARAMETERS.join(', ')}`);
  const socket = searchParams.get('host');
  if (socket !== null && !socket.startsWith('/')) throw invalid('its host parameter is no absolute path');
  const local = socket !== null || isLocalHost(hostname);
  const host = socket ?? hostOf(hostname);
  const database = decode(parsed.pathname.slice(1)) ?? decode(parsed.username) ?? 'postgres';
  return {
    host,
    port: port === '' ? DEFAULT_PORT : Number(port),
    user: decode(parsed.username),
    password: decode(parsed.password),
    database,
    ssl: tlsOf(searchParams.get('sslmode'), searchParams.get('sslrootcert'), local),
    shown: socket === null ? `postgres://${parsed.host}/${database}` : `${socket} (${database})`,
  };
}

function tlsOf(mode: string | null, certificate: string | null, local: boolean): PostgresAddress['ssl'] {
  if (local && (mode === 'disable' || (mode === null && certificate === null))) return false;
  if (mode !== null && mode !== 'verify-full') {
    throw invalid('its sslmode is not verify-full, the only one that keeps others from reading along');
  }
  return { rejectUnauthorized: true, ...(certificate && { ca: rootCertificate(certificate) }) };
}

/** Undefined for nothing. */
function decode(part: string): string | undefined {
  const text = decodedPart(part);
  if (text === null) throw invalid('it has a percent sign that encodes nothing');
  return text;
}

function invalid(reason: string): XenferryError {
  return new XenferryError('CONFIG_INVALID', `the URL of the store cannot be used: ${reason}`);
}
