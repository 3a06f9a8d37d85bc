import { readSecretLine } from '../../../io/secret-line.js';
import type { KeyReference } from '../../../model/destination.js';
import { XenferryError } from '../../../model/errors.js';

/** Bytes; twice what cryptsetup(8) reads from a terminal. */
const MAX_KEY = 1024;
const MAX_KEYS = 16;

/**
 * The keys, each a line of text, as a passphrase is typed; a final line feed is none of it. Rejects with CONFIG_INVALID
 * for one that cannot be read or is no line.
 */
export async function readLuksKeys(keys: readonly KeyReference[]): Promise<string[]> {
  if (keys.length > MAX_KEYS) {
    throw new XenferryError('CONFIG_INVALID', `there are more than ${MAX_KEYS} keys`);
  }
  const found: string[] = [];
  for (const key of keys) found.push(await readSecretLine(key, 'key', MAX_KEY));
  return found;
}
