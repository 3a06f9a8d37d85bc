export { connectPool, type PoolAccess } from './connect-pool.js';
export { type ExportFormat, exportVdi } from './export-vdi.js';
export { type ImportFormat, importVdi } from './import-vdi.js';
export { isFault, PoolFault } from './pool-fault.js';
export {
  type NetworkRecord,
  type NewVbd,
  type NewVdi,
  type NewVif,
  type NewVm,
  NULL_REF,
  type PifRecord,
  type Ref,
  type SrRecord,
  type VbdRecord,
  type VdiRecord,
  type VmRecord,
} from './records.js';
export { runTask } from './tasks.js';
export type { PoolPatience, XapiClient } from './xapi-client.js';
