import { z } from 'zod';
import { XenferryError } from '../model/errors.js';

/** Where a page begins, as clients pass it back. */
export function cursorOf(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** What `cursorOf` was given, checked; null without a cursor. Throws REQUEST_INVALID. */
export function placeOf<Place>(cursor: string | undefined, shape: z.ZodType<Place>): Place | null {
  if (cursor === undefined) return null;
  try {
    return shape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (cause) {
    throw new XenferryError('REQUEST_INVALID', 'the cursor is none of this list', { cause });
  }
}

const NUMBER_PLACE = z.tuple([z.number().int()]);

/** For lists that go by one number. */
export function numberAt(cursor: string | undefined): number | null {
  return placeOf(cursor, NUMBER_PLACE)?.[0] ?? null;
}

/** A page of `limit` items out of one more than that, where there is one more. */
export function pageOfMore<Row, Item>(
  rows: readonly Row[],
  limit: number,
  itemOf: (row: Row) => Item,
  placeAfter: (row: Row) => readonly (string | number)[],
): { items: Item[]; next: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: shown.map(itemOf), next: more ? cursorOf(placeAfter(last)) : null };
}
