import type { Methods } from '../call.js';
import { machineMethods } from './machine-methods.js';
import { machineParts } from './machine-parts.js';
import { machineSettings } from './machine-settings.js';
import { migrationMethods } from './migration-methods.js';
import { networkMethods } from './network-methods.js';
import { poolMethods } from './pool-methods.js';
import { sessionMethods } from './session-methods.js';
import { snapshotMethods } from './snapshot-methods.js';
import { storageMethods } from './storage-methods.js';

/** What the pool does by method; methods that all classes have are elsewhere. */
export const METHODS: Methods = {
  ...sessionMethods,
  ...poolMethods,
  ...storageMethods,
  ...networkMethods,
  ...machineMethods,
  ...machineSettings,
  ...machineParts,
  ...snapshotMethods,
  ...migrationMethods,
};
