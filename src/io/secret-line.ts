import { open } from 'node:fs/promises';
import type { KeyReference } from '../model/destination.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';

/**
 * A secret, a line of at most `maxBytes` bytes of text as it is typed; a final line feed is none of it. `noun` is for
 * errors, which never repeat the text. Rejects with CONFIG_INVALID for one that cannot be read or is no line.
 */
export async function readSecretLine(
  reference: KeyReference,
  noun: string,
  maxBytes: number,
): Promise<string> {
  const inFile = 'file' in reference;
  const text = inFile ? await secretFile(reference.file, noun, maxBytes) : process.env[reference.environment];
  const source = inFile ? `the ${noun} file` : `the environment variable ${reference.environment}`;
  const file = inFile ? reference.file : undefined;
  if (text === undefined) throw invalid(`${source} is not set`, file);
  const line = text.replace(/\r?\n$/, '');
  if (line === '' || /[\0\r\n]/.test(line) || Buffer.byteLength(line) > maxBytes) {
    throw invalid(`${source} does not hold one line of at most ${maxBytes} bytes`, file);
  }
  return line;
}

async function secretFile(path: string, noun: string, maxBytes: number): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const bytes = Buffer.alloc(maxBytes + 3);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (error) {
    const reason = systemErrorCode(error);
    throw invalid(
      reason === undefined || reason.startsWith('ERR_')
        ? `the ${noun} file does not hold text`
        : `the ${noun} file cannot be read (${reason})`,
      path,
      error,
    );
  }
}

function invalid(message: string, file?: string, cause?: unknown): XenferryError {
  return new XenferryError('CONFIG_INVALID', message, { file, cause });
}
