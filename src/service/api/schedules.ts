import { z } from 'zod';
import { ID, INSTANT, LABEL, MIGRATION_TEXT, pageOf } from './common.js';

export const NEW_SCHEDULE = z.strictObject({
  name: LABEL,
  migration: MIGRATION_TEXT,
  /** Minute, hour, day of the month, month, day of the week. */
  cron: z.string().min(1).max(200),
  timeZone: z.string().min(1).max(100).default('UTC'),
  /** Watched: what is new in it and complete takes the place of the migration's sources. */
  folder: z.string().min(1).max(4000).nullable().default(null),
  /** So long nothing of an export may have changed before it counts as complete. */
  quietSeconds: z.int().min(1).max(86_400).default(60),
  enabled: z.boolean().default(true),
});

export const SCHEDULE = z.object({
  id: ID,
  name: z.string(),
  migration: z.string(),
  cron: z.string(),
  timeZone: z.string(),
  folder: z.string().nullable(),
  quietSeconds: z.int(),
  enabled: z.boolean(),
  lastAt: INSTANT.nullable(),
  /** One sentence. */
  lastResult: z.string().nullable(),
  /** Null when it is not enabled, or has no next time. */
  nextAt: INSTANT.nullable(),
});

export const SCHEDULE_PAGE = pageOf(SCHEDULE);

export type NewSchedule = z.input<typeof NEW_SCHEDULE>;
export type Schedule = z.infer<typeof SCHEDULE>;
