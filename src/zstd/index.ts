export { isZstd, isZstdInstalled, zstdCompress, zstdDecompress } from './zstd.js';
