import { XenferryError } from '../model/errors.js';

/** The address of a pool without anything that is secret. Throws CONFIG_INVALID, which never repeats the text. */
export function parsePoolUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:') {
    throw new XenferryError('CONFIG_INVALID', "the pool's address is not an https URL");
  }
  if (url.username !== '' || url.password !== '') {
    throw new XenferryError('CONFIG_INVALID', "user and password do not belong into the pool's address");
  }
  return new URL(url.origin);
}

/**
 * Where a host of the pool is spoken to. XAPI tells bare addresses, IPv6 ones without brackets; they have the port of
 * the address that the pool is known by. Null for what is no address.
 */
export function hostUrl(address: string, pool: URL): URL | null {
  const bare = address.replaceAll(/^\[|\]$/g, '');
  const colons = bare.split(':').length - 1;
  const host = colons > 1 ? `[${bare}]` : bare;
  const port = colons === 1 || pool.port === '' ? '' : `:${pool.port}`;
  const text = `https://${host}${port}`;
  if (!/^[\w.:[\]-]+$/.test(bare) || !URL.canParse(text)) return null;
  return new URL(text);
}
