export { type ExtentFiles, extentsBeside, plainFileName } from './extent-files.js';
export type { DataRanges } from './flat-extent.js';
export { openRaw, openVmdk, type VmdkSurroundings } from './open-vmdk.js';
