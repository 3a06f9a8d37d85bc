import { z } from 'zod';
import { OBJECT_PAGE, UPDATE_SET } from './property-schemas.js';
import { SERVICE_CONTENT } from './service-content.js';
import { REF, TEXT } from './vim-schemas.js';

/** A void answer has nothing inside. */
const VOID = z.unknown().transform(() => undefined);

/** Every call that is made, with what comes back. */
export const METHODS = {
  RetrieveServiceContent: SERVICE_CONTENT,
  Login: z.object({ key: TEXT }),
  Logout: VOID,
  CurrentTime: TEXT,
  CreateContainerView: REF,
  DestroyView: VOID,
  CreatePropertyCollector: REF,
  DestroyPropertyCollector: VOID,
  CreateFilter: REF,
  /** Without an answer when nothing was found. */
  RetrievePropertiesEx: OBJECT_PAGE.optional(),
  ContinueRetrievePropertiesEx: OBJECT_PAGE,
  CancelRetrievePropertiesEx: VOID,
  /** Without an answer when nothing changed in the time that it waits. */
  WaitForUpdatesEx: UPDATE_SET.optional(),
  CancelTask: VOID,
} as const satisfies Record<string, z.ZodType>;

export type Method = keyof typeof METHODS;
export type Result<M extends Method> = z.output<(typeof METHODS)[M]>;

/** Those that may be called twice without harm. */
const REPEATABLE: readonly Method[] = [
  'RetrieveServiceContent',
  'Login',
  'CurrentTime',
  'RetrievePropertiesEx',
  'CancelTask',
];

export function isRepeatable(method: Method): boolean {
  return REPEATABLE.includes(method);
}
