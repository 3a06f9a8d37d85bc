import { z } from 'zod';
import { OBJECT_PAGE, UPDATE_SET } from './property-schemas.js';
import { SERVICE_CONTENT } from './service-content.js';
import { FLAG, list, REF, TEXT, WHOLE_NUMBER } from './vim-schemas.js';
import { LOCALIZED_FAULT } from './vsphere-fault.js';

/** `DiskChangeInfo`: the part of the disk that it tells about, and what changed in it. */
const DISK_CHANGE_INFO = z.object({
  startOffset: WHOLE_NUMBER,
  length: WHOLE_NUMBER,
  changedArea: list(z.object({ start: WHOLE_NUMBER, length: WHOLE_NUMBER })),
});

/** `OvfCreateDescriptorResult`. */
const OVF_RESULT = z.object({ ovfDescriptor: TEXT.default(''), error: list(LOCALIZED_FAULT) });

/** `EntityPrivilege`: which of the privileges that were asked for are there. */
const ENTITY_PRIVILEGE = z.object({
  entity: REF,
  privAvailability: list(z.object({ privId: TEXT, isGranted: FLAG })),
});

/** `HttpNfcLeaseManifestEntry`: a file as the server has sent it to its end. */
const MANIFEST_ENTRY = z.object({
  key: TEXT,
  sha1: z
    .string()
    .regex(/^[0-9a-f]{40}$/i)
    .nullable()
    .catch(null),
  size: WHOLE_NUMBER,
});

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
  CreateSnapshot_Task: REF,
  RemoveSnapshot_Task: REF,
  ConsolidateVMDisks_Task: REF,
  PowerOnVM_Task: REF,
  PowerOffVM_Task: REF,
  ShutdownGuest: VOID,
  ReconfigVM_Task: REF,
  Rename_Task: REF,
  QueryChangedDiskAreas: DISK_CHANGE_INFO,
  ExportVm: REF,
  ExportSnapshot: REF,
  HttpNfcLeaseProgress: VOID,
  HttpNfcLeaseGetManifest: list(MANIFEST_ENTRY),
  HttpNfcLeaseComplete: VOID,
  HttpNfcLeaseAbort: VOID,
  CreateDescriptor: OVF_RESULT,
  SearchDatastore_Task: REF,
  HasPrivilegeOnEntities: list(ENTITY_PRIVILEGE),
} as const satisfies Record<string, z.ZodType>;

export type Method = keyof typeof METHODS;
export type Result<M extends Method> = z.output<(typeof METHODS)[M]>;

/** Those that may be called twice without harm. */
const REPEATABLE: readonly Method[] = [
  'RetrieveServiceContent',
  'Login',
  'CurrentTime',
  'HasPrivilegeOnEntities',
  'RetrievePropertiesEx',
  'CancelTask',
  'QueryChangedDiskAreas',
  'HttpNfcLeaseProgress',
  'HttpNfcLeaseGetManifest',
  'CreateDescriptor',
];

export function isRepeatable(method: Method): boolean {
  return REPEATABLE.includes(method);
}
