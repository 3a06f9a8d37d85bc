import { z } from 'zod';
import { BATCH_SUMMARY } from './batches.js';
import { ID, INSTANT, LABEL, pageOf } from './common.js';

/** Each may do what those before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const SESSION = z.object({ name: z.string(), role: z.enum(ROLES), version: z.string() });

const WORKER = z.object({
  name: z.string(),
  startedAt: INSTANT,
  /** Last sign of life. */
  beatAt: INSTANT,
  endedAt: INSTANT.nullable(),
  threads: z.int(),
  /** Machines at a time. */
  slots: z.int(),
});

export const OVERVIEW = z.object({
  now: INSTANT,
  /** All that have not ended, then the last five that have. */
  batches: z.array(BATCH_SUMMARY),
  workers: z.array(WORKER),
});

export const WORKER_PAGE = pageOf(WORKER);

const TOKEN = z.object({
  id: ID,
  name: z.string(),
  role: z.enum(ROLES),
  createdAt: INSTANT,
  expiresAt: INSTANT.nullable(),
  lastUsedAt: INSTANT.nullable(),
});

export const TOKEN_PAGE = pageOf(TOKEN);

export const NEW_TOKEN = z.strictObject({
  name: LABEL,
  role: z.enum(ROLES),
  /** Without it the token is good until it is revoked. */
  expiresAt: z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable().default(null),
});

/** The only answer that ever has the token itself. */
export const ISSUED_TOKEN = TOKEN.extend({ token: z.string() });

const PROFILE_SUMMARY = z.object({
  id: z.string(),
  title: z.string(),
  family: z.string(),
  support: z.string(),
  limits: z.array(z.string()),
});

export const PROFILE_PAGE = pageOf(PROFILE_SUMMARY);

export const HEALTH = z.object({ status: z.enum(['ok', 'starting', 'stopping', 'ledger unreachable']) });

export type Session = z.infer<typeof SESSION>;
export type Worker = z.infer<typeof WORKER>;
export type Overview = z.infer<typeof OVERVIEW>;
export type Token = z.infer<typeof TOKEN>;
export type NewToken = z.input<typeof NEW_TOKEN>;
export type IssuedToken = z.infer<typeof ISSUED_TOKEN>;
export type ProfileSummary = z.infer<typeof PROFILE_SUMMARY>;
