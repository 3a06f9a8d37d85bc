export { checkVhd, type VhdCheck } from './check.js';
export {
  BLOCK_STRIDE,
  blockOffset,
  DATA_ALIGNMENT,
  FOOTER_BYTES,
  MAX_VHD_BYTES,
  type VhdLayout,
  vhdFileBytes,
  vhdLayout,
} from './layout.js';
export { encodeBlockPage, encodeVhdFooter, encodeVhdMetadata } from './metadata.js';
export { type DynamicVhd, openDynamicVhd, readVhdBlock } from './reader.js';
