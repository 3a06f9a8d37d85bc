import { open } from 'node:fs/promises';
import { systemErrorCode, XenferryError } from '../../../model/errors.js';
import type { KeyReference } from '../../../model/plan.js';

/** Bytes; twice what cryptsetup(8) reads from a terminal. */
const MAX_KEY = 1024;
const MAX_KEYS = 16;

/**
 * The keys, each a line of text, as a passphrase is typed; a final line feed is none of it. Rejects with CONFIG_INVALID
 * for one that cannot be read or is no line.
 */
export async function readLuksKeys(keys: readonly KeyReference[]): Promise<string[]> {
  if (keys.length > MAX_KEYS) throw invalid(`there are more than ${MAX_KEYS} keys`);
  const found: string[] = [];
  for (const key of keys) {
    const text = 'file' in key ? await keyFile(key.file) : process.env[key.environment];
    const source = 'file' in key ? 'the key file' : `the environment variable ${key.environment}`;
    const file = 'file' in key ? key.file : undefined;
    if (text === undefined) throw invalid(`${source} is not set`, file);
    const line = text.replace(/\r?\n$/, '');
    if (line === '' || /[\0\r\n]/.test(line) || Buffer.byteLength(line) > MAX_KEY) {
      throw invalid(`${source} does not hold one line of at most ${MAX_KEY} bytes`, file);
    }
    found.push(line);
  }
  return found;
}

async function keyFile(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const bytes = Buffer.alloc(MAX_KEY + 3);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (error) {
    const reason = systemErrorCode(error);
    throw invalid(
      reason === undefined || reason.startsWith('ERR_')
        ? 'the key file does not hold text'
        : `the key file cannot be read (${reason})`,
      path,
      error,
    );
  }
}

function invalid(message: string, file?: string, cause?: unknown): XenferryError {
  return new XenferryError('CONFIG_INVALID', message, { file, cause });
}
