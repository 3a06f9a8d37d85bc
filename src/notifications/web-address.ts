import { isIPv4 } from 'node:net';

export const MAX_WEB_ADDRESS = 2000;
export const WEB_ADDRESS_RULE =
  'must be an https address, or http to this machine, without user and password';

/** Whether messages may be sent there: nobody on the way can read them. */
export function isWebAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** Whether a host, as it stands in an address, is this machine (RFC 1122, RFC 4291, RFC 6761). */
export function isLoopback(host: string): boolean {
  return ['localhost', '::1', '[::1]'].includes(host) || (isIPv4(host) && host.startsWith('127.'));
}
