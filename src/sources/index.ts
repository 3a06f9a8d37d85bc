export { readInventory } from './read-inventory.js';
export { joinInventories } from './join-inventories.js';
