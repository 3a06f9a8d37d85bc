export { ALL_ALLOCATED, type ChangedArea, type ChangeQuery, changedAreas } from './changed-areas.js';
export { clockAhead } from './clock.js';
export { connectVsphere, type VsphereAccess, vspherePassword } from './connect-vsphere.js';
export { type DatastorePath, datastoreUrl, parseDatastorePath } from './datastore-url.js';
export { type DatastoreEntry, type DatastoreSpace, datastoreFolder, datastoreSpace } from './datastores.js';
export { type ExportLease, type LeaseFile, withExportLease } from './export-lease.js';
export { openFolderSession } from './folder-session.js';
export { connectNics, type NicConnection, nicConnections } from './nic-connections.js';
export { type ExportedFile, ovfDescriptor } from './ovf-descriptor.js';
export {
  type PowerState,
  powerOff,
  powerOn,
  powerState,
  shutdownGuest,
  waitForPowerState,
} from './power.js';
export { missingPrivileges } from './privileges.js';
export type { PropertyQuery } from './property-query.js';
export { type MachineChanges, reconfigureMachine, renameMachine } from './reconfigure.js';
export { type RetrieveOptions, retrieve, retrieveOne } from './retrieve.js';
export type { MissingProperty, RetrievedObject } from './retrieved-object.js';
export type { About, ServiceContent } from './service-content.js';
export { consolidateDisks, createSnapshot, removeSnapshot, type SnapshotSettings } from './snapshots.js';
export type { TaskWatching } from './tasks.js';
export { serverThumbprint } from './thumbprint.js';
export { arrayOf, FLAG, list, REF, TEXT, vimObject, WHOLE_NUMBER } from './vim-schemas.js';
export type { Ref, VimObject, VimValue } from './vim-value.js';
export type { VsphereClient, VspherePatience } from './vsphere-client.js';
export { isVsphereFault } from './vsphere-fault.js';
export {
  type ObjectUpdate,
  type UpdateBatch,
  type WatchOptions,
  watchUpdates,
} from './watch-updates.js';
