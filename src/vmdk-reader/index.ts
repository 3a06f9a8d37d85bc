export { plainFileName } from '../io/file-beside.js';
export { type ExtentFiles, extentsBeside } from './extent-files.js';
export type { DataRanges } from './flat-extent.js';
export { openRaw, openVmdk, type VmdkSurroundings } from './open-vmdk.js';
