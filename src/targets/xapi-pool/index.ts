export {
  type MovedVm,
  moveVm,
  type OtherPool,
  type VmMove,
} from './after/move-vm.js';
export { snapshotVm } from './after/snapshot-vm.js';
export {
  type StartableVm,
  type StartObserver,
  type StartOutcome,
  startInOrder,
} from './after/start-in-order.js';
export type { StartChecks } from './after/start-vm.js';
export { createNetwork, type NewNetwork } from './create-network.js';
export { releaseVm } from './create-vm.js';
export { ensureAppliance } from './ensure-appliance.js';
export { type ImportedMachine, importMachine, type MachineImport } from './import-machine.js';
export { type PoolView, readPool } from './pool-view.js';
export type { ReadBackAmount } from './read-back-vdi.js';
export { type Removal, removeOwned } from './remove-owned.js';
export { type MachinePlacement, type ResolvedPool, resolvePool } from './resolve-pool.js';
export { type TransferLimits, TransferSlots } from './transfer-slots.js';
