import { readFileSync } from 'node:fs';
import { systemErrorCode, XenferryError } from '../model/errors.js';

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
const LOCAL_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]', ''];
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
  const local = socket !== null || LOCAL_HOSTS.includes(hostname);
  const host = socket ?? (hostname === '' ? 'localhost' : hostname.replace(/^\[(.*)\]$/, '$1'));
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

function tlsOf(mode: string | null, rootCertificate: string | null, local: boolean): PostgresAddress['ssl'] {
  if (local && (mode === 'disable' || (mode === null && rootCertificate === null))) return false;
  if (mode !== null && mode !== 'verify-full') {
    throw invalid('its sslmode is not verify-full, the only one that keeps others from reading along');
  }
  return { rejectUnauthorized: true, ...(rootCertificate && { ca: certificateOf(rootCertificate) }) };
}

function certificateOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new XenferryError(
      'CONFIG_INVALID',
      `the root certificate cannot be read (${systemErrorCode(cause)})`,
      {
        file: path,
        cause,
      },
    );
  }
}

/** Undefined for nothing. */
function decode(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid('it has a percent sign that encodes nothing');
  }
}

function invalid(reason: string): XenferryError {
  return new XenferryError('CONFIG_INVALID', `the URL of the store cannot be used: ${reason}`);
}
