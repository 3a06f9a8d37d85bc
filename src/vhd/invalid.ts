import type { ByteSource } from '../io/byte-source.js';
import { XenferryError } from '../model/errors.js';

/** VHD_INVALID at a byte of a file. */
export function invalid(file: ByteSource, offset: number, message: string): XenferryError {
  return new XenferryError('VHD_INVALID', message, { file: file.path, offset });
}
