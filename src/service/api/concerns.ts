import { z } from 'zod';

/** The model's Concern. */
export const CONCERN = z.object({
  id: z.string(),
  severity: z.enum(['critical', 'warning', 'information']),
  about: z.string().nullable(),
  message: z.string(),
  remedy: z.string(),
  fix: z.string().nullable(),
  waivable: z.boolean(),
  waived: z.string().nullable(),
});
