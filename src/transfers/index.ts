export { FairShares, type Flow, type Resource, type SharedKind, type Use } from './fair-shares.js';
export { type CapacityChange, type HeldBack, simulateWave, type WaveRun } from './simulate-wave.js';
export type { Slot } from './start-queue.js';
export type { Transfer } from './transfer.js';
