import { resolve } from 'node:path';
import type { KeyReference } from '../model/destination.js';
import type { NoticeKind } from './notice.js';
import type { NotificationSettings } from './schema.js';

/** One who is told. Nothing in it is secret: secrets are read when a message is sent. */
export type Channel = WebhookChannel | MailChannel;

interface Told {
  /** For people; a webhook's path, which is often its password, is no part of it. */
  readonly name: string;
  readonly on: readonly NoticeKind[];
  /** Absolute path of the certificates (PEM) of the authorities to trust; null for those of the system. */
  readonly authorities: string | null;
}

export interface WebhookChannel extends Told {
  readonly kind: 'webhook';
  readonly address: string | KeyReference;
  readonly secret: KeyReference | null;
}

export interface MailChannel extends Told {
  readonly kind: 'mail';
  readonly server: string;
  readonly port: number;
  readonly protection: 'starttls' | 'implicit' | 'none';
  readonly login: { readonly user: string | KeyReference; readonly password: KeyReference } | null;
  readonly from: string;
  readonly to: readonly string[];
}

/** Submission, with TLS from the start or after STARTTLS (RFC 8314, RFC 6409), and the relay of this machine. */
const PORTS = { implicit: 465, starttls: 587, none: 25 } as const;

/** Who is told what by `settings`, whose files are relative to `folder`. */
export function notificationChannels(settings: NotificationSettings, folder: string): Channel[] {
  return settings.map((setting) =>
    'webhook' in setting
      ? webhookChannel(setting.webhook, setting.on, folder)
      : mailChannel(setting.mail, setting.on, folder),
  );
}

type Setting = NotificationSettings[number];
type WebhookSetting = Extract<Setting, { webhook: unknown }>['webhook'];
type MailSetting = Extract<Setting, { mail: unknown }>['mail'];

function webhookChannel(
  { url, secret, ca }: WebhookSetting,
  on: readonly NoticeKind[],
  folder: string,
): WebhookChannel {
  return {
    kind: 'webhook',
    name: typeof url === 'string' ? `webhook at ${new URL(url).origin}` : `webhook by ${describe(url)}`,
    on,
    authorities: ca === undefined ? null : resolve(folder, ca),
    address: typeof url === 'string' ? url : absolute(url, folder),
    secret: secret === undefined ? null : absolute(secret, folder),
  };
}

function mailChannel(
  { server, port, tls, insecure, ca, login, from, to }: MailSetting,
  on: readonly NoticeKind[],
  folder: string,
): MailChannel {
  const recipients = typeof to === 'string' ? [to] : to;
  return {
    kind: 'mail',
    name: `mail to ${recipients.join(', ')}`,
    on,
    authorities: ca === undefined ? null : resolve(folder, ca),
    server,
    port: port ?? PORTS[insecure ? 'none' : tls],
    protection: insecure ? 'none' : tls,
    login:
      login === undefined
        ? null
        : {
            user: typeof login.user === 'string' ? login.user : absolute(login.user, folder),
            password: absolute(login.password, folder),
          },
    from,
    to: recipients,
  };
}

function absolute(reference: KeyReference, folder: string): KeyReference {
  return 'file' in reference ? { file: resolve(folder, reference.file) } : reference;
}

function describe(reference: KeyReference): string {
  return 'file' in reference ? `file ${reference.file}` : `environment variable ${reference.environment}`;
}
