export { findFinalPlace } from './after/final-place.js';
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
export { createNetwork, type NewNetwork, networkObstacles } from './create-network.js';
export { releaseVm } from './create-vm.js';
export { ensureAppliance } from './ensure-appliance.js';
export { findNamed, findNetworks } from './find-objects.js';
export { findOwned, type OwnedObject } from './find-owned.js';
export { haltVm } from './halt-vm.js';
export { addressesOf, importHosts } from './import-hosts.js';
export {
  type BegunImport,
  beginImport,
  disksStillThere,
  type FoundDisk,
  type ImportedMachine,
  importMachine,
  type MachineImport,
} from './import-machine.js';
export type { MachinePlacement } from './machine-placement.js';
export {
  lockUnstarted,
  type MachinePatch,
  patchMachine,
} from './patch-machine.js';
export { comparePatch, patchVdi, type VdiPatch } from './patch-vdi.js';
export { poolConcern } from './pool-concern.js';
export { type PoolFacts, readPoolFacts } from './pool-facts.js';
export { type PoolView, readPool } from './pool-view.js';
export { type PresentVm, type PresentVms, readPresentVms } from './present-vms.js';
export { type Removal, removeOwned } from './remove-owned.js';
export { type ResolvedPool, resolvePool } from './resolve-pool.js';
export { SpaceReservations } from './space-reservations.js';
export { poolSurroundings } from './surroundings.js';
export { type TransferLimits, TransferSlots } from './transfer-slots.js';
