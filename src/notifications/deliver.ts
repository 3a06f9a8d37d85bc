import { randomUUID } from 'node:crypto';
import { toXenferryError, type XenferryError } from '../model/errors.js';
import { type Attempts, PATIENCE, type Patience, withAttempts } from './attempts.js';
import type { Channel } from './channel.js';
import { describeNotice, type Message } from './message.js';
import type { MessageKind, Notice, Trial } from './notice.js';

/** What became of one message to one channel. */
export interface DeliveryOutcome {
  readonly channel: string;
  readonly kind: MessageKind;
  /** 0 when it could not even be begun. */
  readonly attempts: number;
  /** Null when it was delivered. */
  readonly error: XenferryError | null;
}

export interface DeliveryOptions {
  /** Under which people reach the service; null for messages without a link. */
  readonly baseUrl: string | null;
  readonly patience?: Patience | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Tells one channel, as often as it takes. Never rejects: a batch goes on whether anybody hears of it or not. */
export async function deliver(
  channel: Channel,
  notice: Notice | Trial,
  { baseUrl, patience = PATIENCE, signal = new AbortController().signal }: DeliveryOptions,
): Promise<DeliveryOutcome> {
  const about = { channel: channel.name, kind: notice.kind };
  try {
    const { number, failure } = await send(channel, describeNotice(notice, baseUrl), patience, signal);
    return { ...about, attempts: number, error: failure };
  } catch (error) {
    return { ...about, attempts: 0, error: toXenferryError(error) };
  }
}

/** Sends one message, once, whatever the channel is told; `name` stands for the batch. The failure, or null. */
export async function testChannel(channel: Channel, name: string): Promise<XenferryError | null> {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const trial: Trial = { kind: 'test', batch: name, at: Date.now(), timeZone, page: null };
  const { error } = await deliver(channel, trial, { baseUrl: null, patience: { ...PATIENCE, pauses: [] } });
  return error;
}

async function send(
  channel: Channel,
  message: Message,
  patience: Patience,
  signal: AbortSignal,
): Promise<Attempts> {
  const id = randomUUID();
  // Loaded when they are needed: whoever only plans does not pay for a mail client.
  if (channel.kind === 'webhook') {
    const { postWebhook, prepareWebhook } = await import('./webhook.js');
    const prepared = await prepareWebhook(channel);
    return await withAttempts((each) => postWebhook(prepared, message, id, each), patience, signal);
  }
  const { prepareMail, sendMail } = await import('./mail.js');
  const prepared = await prepareMail(channel);
  return await withAttempts((each) => sendMail(prepared, message, id, each), patience, signal);
}
