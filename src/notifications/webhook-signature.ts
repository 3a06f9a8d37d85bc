import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

export interface SignedParts {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * The header `webhook-signature` of Standard Webhooks 1: HMAC-SHA256 over id, timestamp and body. A secret that begins
 * with `whsec_` is base64 after it; of any other its own bytes are the key.
 */
export function webhookSignature(secret: string, { id, timestamp, body }: SignedParts): string {
  const key = secret.startsWith(PREFIX)
    ? Buffer.from(secret.slice(PREFIX.length), 'base64')
    : Buffer.from(secret);
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
