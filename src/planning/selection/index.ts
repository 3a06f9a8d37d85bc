export { loadLists, type MachineList } from './machine-lists.js';
export { MachineNames } from './machine-names.js';
export { type Selection, selectMachines } from './select-machines.js';
export { compileSelector } from './selector.js';
