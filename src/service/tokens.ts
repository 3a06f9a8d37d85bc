import { createHash, randomBytes } from 'node:crypto';
import type { Ledger, TokenRecord } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';
import type { Role } from './api/service.js';

/** Tells what it is to whoever finds one, and to programs that look for lost secrets. */
const PREFIX = 'xenferry_';
const RANDOM_BYTES = 32;

export interface IssuedToken extends TokenRecord {
  /** Known to nobody but its bearer: the ledger has a digest. */
  readonly token: string;
}

export interface TokenWish {
  readonly name: string;
  readonly role: Role;
  /** Milliseconds since 1970; null: good until it is revoked. */
  readonly expiresAt: number | null;
}

/** Makes a token. Rejects with NAME_TAKEN. */
export async function issueToken(ledger: Ledger, { name, role, expiresAt }: TokenWish): Promise<IssuedToken> {
  const token = PREFIX + randomBytes(RANDOM_BYTES).toString('base64url');
  const record = await ledger.tokens.add({
    name,
    role,
    expiresAt,
    digest: tokenDigest(token),
    createdAt: Date.now(),
  });
  if (record === null)
    throw new XenferryError('NAME_TAKEN', `there is a token ${JSON.stringify(name)} already`);
  return { ...record, token };
}

/** In hex. Tokens are random and long: a plain digest cannot be turned back. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
