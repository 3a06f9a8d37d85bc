import { XenferryError } from '../model/errors.js';

/**
 * Where a vCenter or an ESXi host is, without the path that people copy along. Throws CONFIG_INVALID, which never
 * repeats the text.
 */
export function parseVsphereUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:') {
    throw new XenferryError('CONFIG_INVALID', 'the address of the vCenter or ESXi host is not an https URL');
  }
  if (url.username !== '' || url.password !== '') {
    throw new XenferryError(
      'CONFIG_INVALID',
      'user and password do not belong into the address of the server',
    );
  }
  return new URL(url.origin);
}
