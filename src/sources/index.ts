export { joinInventories } from './join-inventories.js';
export { readInventory } from './read-inventory.js';
