export {
  allocatedBlocks,
  type DiskImage,
  type DiskLayer,
  heldBlocks,
  type ReadBelow,
  readDisk,
  type VisitRange,
} from './disk-image.js';
export { createGrainInflater, type GrainInflater, INFLATE_SLACK } from './grain-inflater.js';
export { LayeredImage } from './layered-image.js';
export { PatchedImage } from './patched-image.js';
export { BOUNCE_BYTES, createReadTools, type ReadTools, SPAN_BYTES } from './read-tools.js';
export { ThinImage } from './thin-image.js';
