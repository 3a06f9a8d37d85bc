import { z } from 'zod';
import type { VimValue } from './vim-value.js';

/** Schemas of what `XmlReader` gives. */
export const TEXT = z.string();
export const WHOLE_NUMBER = z
  .string()
  .regex(/^-?\d{1,16}$/)
  .transform(Number)
  .refine(Number.isSafeInteger);
export const FLAG = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');
export const REF = z.object({ type: z.string().min(1), value: z.string().min(1) });

/** An object none of whose fields was set is an empty element. */
export function vimObject<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.preprocess((value) => (value === '' ? {} : value), z.object(shape));
}

/** What may come any number of times. */
export function list<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess(asList, z.array(schema));
}

/** The value of a property that is a list: an `ArrayOf…`, with elements named for their class. */
export function arrayOf<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => {
    if (value === undefined || value === '') return [];
    if (typeof value !== 'object' || value === null) return value;
    const [elements] = Object.entries(value).flatMap(([name, held]: [string, unknown]) =>
      name === '_type' ? [] : [held],
    );
    return asList(elements);
  }, z.array(schema));
}

function asList(value: unknown): unknown {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** Whatever was read; a reply holds nothing but texts and objects. */
export const ANY_VALUE = z.custom<VimValue>(
  (value) => typeof value === 'string' || typeof value === 'object',
);
