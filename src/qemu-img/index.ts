export { qemuImgCompare, qemuImgDataRanges, qemuImgInfo, qemuImgToRaw, qemuImgVersion } from './qemu-img.js';
