export { loadLists, type MachineList } from './machine-lists.js';
export { type Selection, selectMachines } from './select-machines.js';
export { compileSelector } from './selector.js';
