export type { DataRanges } from './flat-extent.js';
export { createGrainInflater, type GrainInflater } from './grain-inflater.js';
export { BOUNCE_BYTES, type ReadTools, SPAN_BYTES } from './read-tools.js';
export { DiskImage, openRaw, openVmdk, readVmdkInfo, type VmdkInfo } from './vmdk-image.js';
