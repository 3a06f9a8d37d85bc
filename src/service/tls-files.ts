import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { systemErrorCode, XenferryError } from '../model/errors.js';

/** What a server shows, and what it proves that with; PEM, as `node:https` takes it. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

/** `cert`, `key`: their files. Rejects with CONFIG_INVALID, also where one does not belong to the other. */
export async function readTls({ cert, key }: ServerCertificate): Promise<ServerCertificate> {
  const chain = await readText(cert);
  const secret = await readText(key);
  // Of several the first is the server's own; the others lead to who vouches for it.
  const certificate = parsed(cert, 'is no certificate in PEM', () => new X509Certificate(chain));
  const privateKey = parsed(key, 'is no private key in PEM, or has a passphrase', () =>
    createPrivateKey(secret),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new XenferryError('CONFIG_INVALID', 'is not the key of the certificate', { file: key });
  }
  return { cert: chain, key: secret };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const reason = systemErrorCode(cause) ?? String(cause);
    throw new XenferryError('CONFIG_INVALID', `cannot be read (${reason})`, { file, cause });
  }
}

/** What the parser says of a key stays behind. */
function parsed<T>(file: string, message: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new XenferryError('CONFIG_INVALID', message, { file });
  }
}
