export { checkVhd, type VhdCheck } from './check.js';
export { differencingVhdLayout } from './differencing-layout.js';
export { FOOTER_BYTES, type VhdUuid } from './footer.js';
export {
  BLOCK_STRIDE,
  blockOffset,
  DATA_ALIGNMENT,
  MAX_VHD_BYTES,
  type VhdLayout,
  vhdFileBytes,
  vhdLayout,
  vhdVirtualBytes,
} from './layout.js';
export { encodeBlockPage, encodeFixedVhdFooter, encodeVhdFooter, encodeVhdMetadata } from './metadata.js';
export { openVhdFile } from './open-file.js';
export { openVhd } from './open-vhd.js';
export type { VhdParentLink } from './parent-link.js';
export { parentsBeside, type VhdParents } from './parents.js';
export { readVhdStream, type VhdStreamVisitor } from './read-vhd-stream.js';
