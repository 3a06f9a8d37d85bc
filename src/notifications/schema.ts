import { z } from 'zod';
import { DEFAULT_NOTICES, NOTICE_KINDS } from './notice.js';
import { isLoopback, isWebAddress, MAX_WEB_ADDRESS, WEB_ADDRESS_RULE } from './web-address.js';

const NAME = z.string().min(1).max(4096);
/** Where a secret is: a file, relative to the file that names it, or an environment variable. */
const KEY = z.union([z.strictObject({ file: NAME }), z.strictObject({ environment: NAME })]);

/** An address as it stands in an envelope (RFC 5321), without a name beside it. */
const MAIL_ADDRESS = z
  .string()
  .max(254)
  .regex(/^[^\s<>()[\]@,;:"\\]+@[A-Za-z0-9.-]+$/, 'must be a plain mail address');

const WEB_ADDRESS = z.string().max(MAX_WEB_ADDRESS).refine(isWebAddress, WEB_ADDRESS_RULE);

const WEBHOOK = z.strictObject({
  /** An address that must stay secret is told by a reference. */
  url: z.union([WEB_ADDRESS, KEY]),
  /** Signs each message, as Standard Webhooks 1 has it: `whsec_` and base64, or any text. */
  secret: KEY.optional(),
  /** File with the certificates (PEM) of the authorities to trust; without, those of the system. */
  ca: NAME.optional(),
});

const MAIL = z
  .strictObject({
    server: z
      .string()
      .max(255)
      .regex(/^[A-Za-z0-9.:-]+$/, 'must be a host name or an address'),
    /** Without: 587, or 465 for `tls: implicit`. */
    port: z.number().int().min(1).max(65535).optional(),
    tls: z.enum(['starttls', 'implicit']).default('starttls'),
    /** Without TLS; to a server on this machine only. */
    insecure: z.boolean().default(false),
    ca: NAME.optional(),
    login: z.strictObject({ user: z.union([NAME, KEY]), password: KEY }).optional(),
    from: MAIL_ADDRESS,
    to: z.union([MAIL_ADDRESS, z.array(MAIL_ADDRESS).min(1).max(50)]),
  })
  .refine(({ insecure, server }) => !insecure || isLoopback(server), {
    path: ['insecure'],
    message: 'goes with a server on this machine only',
  });

/** What is told; everything but the start of a batch when left out. */
const ON = z
  .array(z.enum(NOTICE_KINDS))
  .min(1)
  .default([...DEFAULT_NOTICES]);

/** Who is told what: of a migration file, or of the service's configuration. */
export const NOTIFICATIONS_SCHEMA = z
  .array(z.union([z.strictObject({ webhook: WEBHOOK, on: ON }), z.strictObject({ mail: MAIL, on: ON })]))
  .max(20);

export type NotificationSettings = z.infer<typeof NOTIFICATIONS_SCHEMA>;
