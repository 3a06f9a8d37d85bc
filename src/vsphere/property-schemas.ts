import { z } from 'zod';
import { ANY_VALUE, FLAG, list, REF, TEXT, vimObject } from './vim-schemas.js';
import { LOCALIZED_FAULT } from './vsphere-fault.js';

/** A property that the server does not give out, and why. */
const MISSING = z.object({ path: TEXT, fault: LOCALIZED_FAULT });

/** `ObjectContent`. */
const OBJECT_CONTENT = z.object({
  obj: REF,
  propSet: list(z.object({ name: TEXT, val: ANY_VALUE })),
  missingSet: list(MISSING),
});
export type ObjectContent = z.output<typeof OBJECT_CONTENT>;

/** `RetrieveResult`. */
export const OBJECT_PAGE = vimObject({ token: TEXT.optional(), objects: list(OBJECT_CONTENT) });
export type ObjectPage = z.output<typeof OBJECT_PAGE>;

/** `PropertyChange`: what is removed has no value. */
const PROPERTY_CHANGE = z.object({
  name: TEXT,
  op: z.enum(['add', 'remove', 'assign', 'indirectRemove']),
  val: ANY_VALUE.optional(),
});

/** `ObjectUpdate`. */
const OBJECT_UPDATE = z.object({
  kind: z.enum(['enter', 'modify', 'leave']),
  obj: REF,
  changeSet: list(PROPERTY_CHANGE),
  missingSet: list(MISSING),
});
export type ObjectUpdate = z.output<typeof OBJECT_UPDATE>;

/** `UpdateSet`: all that changed since the version that was named, or, when truncated, the first part of it. */
export const UPDATE_SET = z.object({
  version: TEXT,
  filterSet: list(z.object({ objectSet: list(OBJECT_UPDATE), missingObjects: z.unknown().optional() })),
  truncated: FLAG.default(false),
});
