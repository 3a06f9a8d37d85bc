export { type Qcow2Layout, qcow2BlockOffset, qcow2FileBytes, qcow2Layout } from './layout.js';
export { encodeQcow2Metadata, type FilePiece } from './metadata.js';
export { openQcow2, type Qcow2Image } from './qcow2-image.js';
