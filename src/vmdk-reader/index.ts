export type { DataRanges } from './flat-extent.js';
export { DiskImage, openRaw, openVmdk, readVmdkInfo, type VmdkInfo } from './vmdk-image.js';
