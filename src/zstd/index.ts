export { isZstd, zstdCompress, zstdDecompress, zstdVersion } from './zstd.js';
