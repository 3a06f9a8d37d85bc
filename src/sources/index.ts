export { joinInventories } from './join-inventories.js';
export { readInventory } from './read-inventory.js';
export { readVsphere } from './vsphere/read-vsphere.js';
