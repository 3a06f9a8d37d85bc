import { mkdir } from 'node:fs/promises';
import { systemErrorCode, XenferryError } from '../model/errors.js';

/** Makes a folder, and those above it, where there is none. Rejects with TARGET_UNWRITABLE. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new XenferryError('TARGET_UNWRITABLE', `cannot be made (${systemErrorCode(cause)})`, {
      file: path,
      cause,
    });
  }
}
