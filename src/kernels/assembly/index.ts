export { isZero } from './is-zero';
export { xxh64 } from './xxh64';
export { inflateZlib } from './zlib-stream';
