export { connectPool, type PoolAccess } from './connect-pool.js';
export { exportVdi } from './export-vdi.js';
export { type ImportFormat, importVdi } from './import-vdi.js';
export { isFault } from './pool-fault.js';
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
  type VmRecord,
} from './records.js';
export { runTask } from './tasks.js';
export type { PoolPatience, XapiClient } from './xapi-client.js';
