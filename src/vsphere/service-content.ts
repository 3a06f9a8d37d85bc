import { z } from 'zod';
import { REF, TEXT, vimObject } from './vim-schemas.js';

/** What is called to begin with; the same everywhere. */
export const SERVICE_INSTANCE = { type: 'ServiceInstance', value: 'ServiceInstance' };

const ABOUT = z.object({
  fullName: TEXT,
  version: TEXT,
  build: TEXT.default(''),
  /** `VirtualCenter`, or `HostAgent` for an ESXi host. */
  apiType: TEXT,
  apiVersion: TEXT,
  /** Of a vCenter; a host has none. */
  instanceUuid: TEXT.optional(),
});
export type About = z.output<typeof ABOUT>;

/** The objects of which there is one; an ESXi host lacks those that are optional here. */
export const SERVICE_CONTENT = vimObject({
  about: ABOUT,
  rootFolder: REF,
  propertyCollector: REF,
  viewManager: REF,
  sessionManager: REF,
  authorizationManager: REF.optional(),
  customFieldsManager: REF.optional(),
  ovfManager: REF.optional(),
});
export type ServiceContent = z.output<typeof SERVICE_CONTENT>;
