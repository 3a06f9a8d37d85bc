import { XenferryError } from '../model/errors.js';

/** Port IANA gives to NBD. */
const DEFAULT_PORT = 10_809;

export interface NbdTarget {
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  /** Empty for the server's default export. */
  readonly exportName: string;
  /** How it is named to people. */
  readonly shown: string;
}

/**
 * `nbd://host[:port]/export` or `nbd+unix:///export?socket=/path` (the NBD project's doc/uri.md). Throws
 * CONFIG_INVALID, which never repeats the text: whoever confuses it with another URL may have put a password into it.
 */
export function parseNbdUri(text: string): NbdTarget {
  const url = URL.canParse(text) ? new URL(text) : null;
  const exportName = url === null ? null : decoded(url.pathname.replace(/^\//, ''));
  if (url === null || exportName === null) throw invalid('the location is not an NBD URI');
  if (/^nbds\b/.test(url.protocol)) throw invalid('NBD with TLS is not supported');
  if (url.username !== '' || url.password !== '') throw invalid('an NBD URI has no user and no password');
  switch (url.protocol) {
    case 'nbd:': {
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost';
      const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
      return { address: { host, port }, exportName, shown: `nbd://${url.host}${url.pathname}` };
    }
    case 'nbd+unix:': {
      const path = url.searchParams.get('socket');
      if (path === null || path === '') throw invalid('the URI names no socket');
      return { address: { path }, exportName, shown: `nbd+unix://${url.pathname}?socket=${path}` };
    }
    default:
      throw invalid('the location is not an NBD URI');
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function invalid(message: string): XenferryError {
  return new XenferryError('CONFIG_INVALID', message, {
    hint: 'Write nbd://host[:port]/export or nbd+unix:///export?socket=/path.',
  });
}
