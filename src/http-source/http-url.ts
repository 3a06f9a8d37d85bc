import { unescape as decodeLeniently } from 'node:querystring';
import { XenferryError } from '../model/errors.js';

/** A file on a server, with the credentials apart from its URL. */
export interface HttpTarget {
  readonly url: URL;
  /** Value of the Authorization header (RFC 7617), or null. */
  readonly authorization: string | null;
  /** How it is named to people. */
  readonly shown: string;
}

/** Throws CONFIG_INVALID, which never repeats the text: a password may be in it. */
export function parseHttpUrl(text: string): HttpTarget {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !isHttp(url)) {
    throw new XenferryError('CONFIG_INVALID', 'the location is not an http or https URL');
  }
  const { username, password } = url;
  url.username = '';
  url.password = '';
  url.hash = '';
  return { url, authorization: basicAuth(username, password), shown: shownUrl(url) };
}

export function isHttp({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

/**
 * A URL as errors and reports may show it: without credentials, and without the query, which carries the signature of
 * signed URLs.
 */
export function shownUrl(url: string | URL): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function basicAuth(username: string, password: string): string | null {
  if (username === '' && password === '') return null;
  const pair = `${decodeLeniently(username)}:${decodeLeniently(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}
