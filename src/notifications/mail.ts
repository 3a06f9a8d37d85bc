import { createTransport } from 'nodemailer';
import { readSecretLine } from '../io/secret-line.js';
import { systemErrorCode } from '../model/errors.js';
import { KIB } from '../model/units.js';
import type { Failure } from './attempts.js';
import { readAuthorities } from './authorities.js';
import type { MailChannel } from './channel.js';
import { connectionFailure, failure } from './failure.js';
import type { Message } from './message.js';

const MAX_USER_BYTES = 512;
const MAX_PASSWORD_BYTES = 4 * KIB;
/** Of one answer of the server; a sound one is a few lines. */
const MAX_ANSWER = 64 * KIB;
/** What every attempt to send a message needs. */
export interface PreparedMail {
  readonly channel: MailChannel;
  readonly login: { readonly user: string; readonly pass: string } | null;
  readonly authorities: string | undefined;
}

/** Reads secrets and certificates. Rejects with CONFIG_INVALID. */
export async function prepareMail(channel: MailChannel): Promise<PreparedMail> {
  return {
    channel,
    login: await readLogin(channel.login),
    authorities: await readAuthorities(channel.authorities),
  };
}

/** Sends a message once; null when the server took it for everybody. `id` is the same for each attempt. */
export async function sendMail(
  { channel, login, authorities }: PreparedMail,
  { subject, text, html }: Message,
  id: string,
  signal: AbortSignal,
): Promise<Failure | null> {
  const { server, port, protection, from, to } = channel;
  const transport = createTransport({
    host: server,
    port,
    secure: protection === 'implicit',
    requireTLS: protection === 'starttls',
    ignoreTLS: protection === 'none',
    tls: { minVersion: 'TLSv1.2', ...(authorities === undefined ? {} : { ca: authorities }) },
    ...(login === null ? {} : { auth: login }),
    maxResponseSize: MAX_ANSWER,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const mail = {
    from: { name: 'Xenferry', address: from },
    to: [...to],
    subject,
    text,
    ...(html === null ? {} : { html }),
    // So that a mailbox knows a message again whose first copy was taken although the answer was lost.
    messageId: `<${id}@${from.slice(from.indexOf('@') + 1)}>`,
    // Absence notes are answers to nobody (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
    signal,
  };
  try {
    const { rejected } = await transport.sendMail(mail);
    if (rejected.length === 0) return null;
    return failure(`the mail server refused ${rejected.length} of ${to.length} recipients`, false);
  } catch (error) {
    return mailFailure(error, signal);
  } finally {
    transport.close();
  }
}

function mailFailure(error: unknown, signal: AbortSignal): Failure {
  const status = responseCode(error);
  const code = systemErrorCode(error) ?? 'no reason told';
  if (status === null) {
    if (code === 'ETLS') return failure('the mail server offers no TLS that can be used', false);
    return connectionFailure(originalCode(error) ?? code, signal);
  }
  const what = code === 'EAUTH' ? 'the mail server refuses the login' : 'the mail server refuses the message';
  // 4xx is for now, 5xx for good (RFC 5321, section 4.2.1).
  return failure(`${what} (status ${status})`, status >= 400 && status < 500);
}

/** What the server said in numbers. */
function responseCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('responseCode' in error)) return null;
  return typeof error.responseCode === 'number' ? error.responseCode : null;
}

/** What Node called it before nodemailer did. */
function originalCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('originalCode' in error)) return null;
  return typeof error.originalCode === 'string' ? error.originalCode : null;
}

async function readLogin(login: MailChannel['login']): Promise<PreparedMail['login']> {
  if (login === null) return null;
  const { user, password } = login;
  return {
    user: typeof user === 'string' ? user : await readSecretLine(user, 'mail user', MAX_USER_BYTES),
    pass: await readSecretLine(password, 'mail password', MAX_PASSWORD_BYTES),
  };
}
