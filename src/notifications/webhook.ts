import { Agent, type Dispatcher } from 'undici';
import { readSecretLine } from '../io/secret-line.js';
import type { KeyReference } from '../model/destination.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { KIB } from '../model/units.js';
import type { Failure } from './attempts.js';
import { readAuthorities } from './authorities.js';
import type { WebhookChannel } from './channel.js';
import { connectionFailure, failure } from './failure.js';
import type { Message } from './message.js';
import { isWebAddress, MAX_WEB_ADDRESS, WEB_ADDRESS_RULE } from './web-address.js';
import { webhookSignature } from './webhook-signature.js';

const MAX_SECRET_BYTES = 512;
/** Of an answer; nothing in it is wanted. */
const MAX_ANSWER = 64 * KIB;
/** 408, 425 and 429 ask for another attempt by their definition (RFC 9110, RFC 8470, RFC 6585). */
const PASSING_STATUS = [408, 425, 429];

/** What every attempt to post a message needs. */
export interface PreparedWebhook {
  readonly url: URL;
  readonly secret: string | null;
  readonly authorities: string | undefined;
}

/** Reads secrets and certificates. Rejects with CONFIG_INVALID. */
export async function prepareWebhook(channel: WebhookChannel): Promise<PreparedWebhook> {
  const { secret } = channel;
  return {
    url: await readAddress(channel.address),
    secret: secret === null ? null : await readSecretLine(secret, 'webhook secret', MAX_SECRET_BYTES),
    authorities: await readAuthorities(channel.authorities),
  };
}

/** Posts a message once; null when it was taken. `id` is that of the message, the same for each attempt. */
export async function postWebhook(
  { url, secret, authorities }: PreparedWebhook,
  { document }: Message,
  id: string,
  signal: AbortSignal,
): Promise<Failure | null> {
  const agent = new Agent({
    connections: 1,
    connect: authorities === undefined ? {} : { ca: authorities },
  });
  try {
    const timestamp = Math.floor(Date.now() / 1000);
    const body = JSON.stringify(document);
    const signed: Record<string, string> =
      secret === null ? {} : { 'webhook-signature': webhookSignature(secret, { id, timestamp, body }) };
    // Redirects are not followed: whoever answers could send the message anywhere.
    const answer = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'xenferry',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        ...signed,
      },
      body,
      signal,
    });
    await answer.body.dump({ limit: MAX_ANSWER, signal });
    return statusFailure(answer);
  } catch (error) {
    return connectionFailure(systemErrorCode(error) ?? 'no reason told', signal);
  } finally {
    await agent.destroy();
  }
}

function statusFailure({ statusCode, headers }: Dispatcher.ResponseData): Failure | null {
  if (statusCode >= 200 && statusCode < 300) return null;
  const passing = statusCode >= 500 || PASSING_STATUS.includes(statusCode);
  const what = statusCode >= 300 && statusCode < 400 ? 'it redirects, which is not followed' : 'refused';
  return failure(`${what} (status ${statusCode})`, passing, retryAfter(headers['retry-after']));
}

/** Milliseconds of a `Retry-After` in seconds (RFC 9110); its other form, a date, is not worth a clock that is right. */
function retryAfter(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

async function readAddress(address: string | KeyReference): Promise<URL> {
  if (typeof address === 'string') return new URL(address);
  const text = await readSecretLine(address, 'webhook address', MAX_WEB_ADDRESS);
  if (isWebAddress(text)) return new URL(text);
  throw new XenferryError('CONFIG_INVALID', `the webhook address ${WEB_ADDRESS_RULE}`);
}
