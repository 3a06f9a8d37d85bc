import { z } from 'zod';

/** A row's number in the ledger. */
export const ID = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
/** Milliseconds since 1970. */
export const INSTANT = z.number();
/** Bytes. */
export const BYTES = z.number();
/** What people call things; one line. */
export const LABEL = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]+$/u, 'one line without control characters');
/** Text of a migration file. */
export const MIGRATION_TEXT = z.string().min(1).max(1_048_576);

/** In the path of a request. */
export const ID_PARAMS = z.object({ id: z.coerce.number().pipe(ID) });

const MAX_PAGE = 500;

/** Where in a list, and how much of it. */
export const PAGE_QUERY = z.object({
  cursor: z
    .string()
    .max(1000)
    .regex(/^[A-Za-z0-9_-]+$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
});

/** A part of a list; `next` is the cursor of the part that follows, null at the end. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

export type Page<Item> = z.infer<ReturnType<typeof pageOf<z.ZodType<Item>>>>;

/** What went wrong, by RFC 9457; `code` is one of docs/errors.md. */
export const PROBLEM = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  hint: z.string(),
});

export type ProblemDocument = z.infer<typeof PROBLEM>;
