export { CLUSTER_BYTES as QCOW2_CLUSTER_BYTES } from './format.js';
export {
  clustersOfBlock,
  type Qcow2Layout,
  qcow2BlockOffset,
  qcow2FileBytes,
  qcow2Layout,
} from './layout.js';
export { encodeQcow2Metadata, type FilePiece } from './metadata.js';
export { openQcow2, type Qcow2Image } from './qcow2-image.js';
