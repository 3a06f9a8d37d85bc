export { readInventory } from './read-inventory.js';
