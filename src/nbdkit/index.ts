export { probeVddk } from './probe-vddk.js';
export { serveVddk, type VddkServer } from './serve-vddk.js';
export type { VddkDisk } from './vddk-disk.js';
export { vddkFailure } from './vddk-failure.js';
