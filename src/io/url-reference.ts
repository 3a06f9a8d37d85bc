import { resolve } from 'node:path';
import { XenferryError } from '../model/errors.js';
import { readSecretLine } from './secret-line.js';

const MAX_URL_BYTES = 4096;

/**
 * What an option names that takes a URL, or `env:NAME` or `file:PATH` with one in it, or something else. `noun` is for
 * errors. Rejects with CONFIG_INVALID, also for a password on the command line, where every user of the machine reads it.
 */
export async function readUrlReference(given: string, noun: string): Promise<string> {
  const [, kind, name = ''] = /^(env|file):(.+)$/s.exec(given) ?? [];
  if (kind !== undefined) {
    const reference = kind === 'env' ? { environment: name } : { file: resolve(name) };
    return await readSecretLine(reference, noun, MAX_URL_BYTES);
  }
  if (/^[a-z]+:\/\/[^/@]*:[^/@]+@/i.test(given)) {
    throw new XenferryError('CONFIG_INVALID', `the ${noun} has a password in it`, {
      hint: 'Give env:NAME or file:PATH instead, or, to PostgreSQL, leave it out and set PGPASSWORD or PGPASSFILE.',
    });
  }
  return given;
}
