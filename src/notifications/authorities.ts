import { open } from 'node:fs/promises';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { MIB } from '../model/units.js';

/** All certificates of a Debian system take a fifth of that. */
const MAX_BYTES = MIB;

/** The certificates in a PEM file, or undefined for those of the system. Rejects with CONFIG_INVALID. */
export async function readAuthorities(file: string | null): Promise<string | undefined> {
  if (file === null) return undefined;
  const text = await readText(file);
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new XenferryError('CONFIG_INVALID', 'holds no certificate (PEM)', { file });
  }
  return text;
}

async function readText(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const bytes = Buffer.alloc(MAX_BYTES);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      return bytes.toString('latin1', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const reason = systemErrorCode(cause) ?? String(cause);
    throw new XenferryError('CONFIG_INVALID', `cannot be read (${reason})`, { file, cause });
  }
}
