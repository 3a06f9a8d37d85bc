import type { ByteSource } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';

/** QCOW2_INVALID at a byte of the file. */
export function invalid(
  { path }: ByteSource,
  offset: number,
  message: string,
  { hint, cause }: { readonly hint?: string; readonly cause?: unknown } = {},
): XenferryError {
  return new XenferryError('QCOW2_INVALID', message, { file: path, offset, hint, cause });
}

/** QCOW2_UNSUPPORTED at a byte of the file. */
export function unsupported(
  { path }: ByteSource,
  offset: number,
  message: string,
  hint?: string,
): XenferryError {
  return new XenferryError('QCOW2_UNSUPPORTED', message, { file: path, offset, hint });
}
