import { readFileSync } from 'node:fs';
import { systemErrorCode, XenferryError } from '../model/errors.js';

const LOCAL_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]', ''];

/** Whether a URL's host is this machine itself: what goes there nobody reads along. */
export function isLocalHost(hostname: string): boolean {
  return LOCAL_HOSTS.includes(hostname);
}

/** As sockets want it: without the brackets of IPv6. */
export function hostOf(hostname: string): string {
  return hostname === '' ? 'localhost' : hostname.replace(/^\[(.*)\]$/, '$1');
}

/** A part of a URL without its percent signs; undefined for nothing, null for what they do not encode. */
export function decodedPart(part: string): string | undefined | null {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** A PEM file. Throws CONFIG_INVALID. */
export function rootCertificate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new XenferryError(
      'CONFIG_INVALID',
      `the root certificate cannot be read (${systemErrorCode(cause)})`,
      { file: path, cause },
    );
  }
}
