import { XenferryError } from '../model/errors.js';

/** What a server does that the protocol does not allow. `file`: how the server is named. */
export function violation(file: string, message: string): XenferryError {
  return new XenferryError('NBD_PROTOCOL', `the server breaks the NBD protocol: ${message}`, { file });
}

/** A server's words, fit for a terminal. */
export function printable(text: Buffer): string {
  return text.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '?');
}
