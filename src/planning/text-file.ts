import { SourceFile } from '../io/source-file.js';
import { toXenferryError, XenferryError } from '../model/errors.js';
import { formatBytes } from '../model/format.js';

/**
 * A file of the operator's as text, at most `maxBytes` long and in UTF-8 (a byte order mark is dropped).
 * Throws CONFIG_INVALID with `name`, which is how the operator called it.
 */
export async function readTextFile(path: string, name: string, maxBytes: number): Promise<string> {
  const bytes = await readWhole(path, name, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new XenferryError('CONFIG_INVALID', 'not a text in UTF-8', { file: name, cause });
  }
}

async function readWhole(path: string, name: string, maxBytes: number): Promise<Uint8Array> {
  let file: SourceFile | undefined;
  try {
    file = SourceFile.openWhole(path, 'SOURCE_CHANGED');
    if (file.length > maxBytes) {
      throw new XenferryError('CONFIG_INVALID', `larger than ${formatBytes(maxBytes)}`);
    }
    const bytes = new Uint8Array(file.length);
    await file.read(bytes, 0, bytes.length, 0);
    return bytes;
  } catch (cause) {
    throw new XenferryError('CONFIG_INVALID', toXenferryError(cause).message, { file: name, cause });
  } finally {
    file?.close();
  }
}
