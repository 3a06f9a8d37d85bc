import { BLOCK_BYTES, SECTOR_BYTES } from '../model/units.js';
import { vhdChecksum } from './checksum.js';
import { vhdGeometry } from './geometry.js';
import {
  BAT_OFFSET,
  BLOCK_BITMAP_BYTES,
  blockOffset,
  DATA_ALIGNMENT,
  DYNAMIC_HEADER_BYTES,
  DYNAMIC_HEADER_OFFSET,
  FOOTER_BYTES,
  type VhdLayout,
} from './layout.js';

/** 16 bytes. */
export type VhdUuid = Uint8Array;

const VERSION_1_0 = 0x0001_0000;
/** Creator and version of XenServer's own tapdisk, which demands a batmap and reads the size as it stands. */
const CREATOR = 'tap\0';
const CREATOR_VERSION = 0x0001_0003;
const BATMAP_VERSION = 0x0001_0002;
const DISK_TYPE_DYNAMIC = 3;
/** Seconds since 2000-01-01. Fixed, so that the same disk gives the same bytes; only a future time is refused. */
const TIMESTAMP = 0;

/**
 * Everything before the first block: footer copy, dynamic header, BAT, batmap ("Virtual Hard Disk Image Format
 * Specification" 1.0; batmap as blktap writes it). `stored[block]` is non-zero for a block that the file holds.
 * The result is `layout.firstBlockOffset` bytes long.
 */
export function encodeVhdMetadata(layout: VhdLayout, stored: Uint8Array, uuid: VhdUuid): Buffer {
  const bytes = Buffer.alloc(layout.firstBlockOffset);
  encodeVhdFooter(layout, uuid).copy(bytes, 0);
  encodeDynamicHeader(layout).copy(bytes, DYNAMIC_HEADER_OFFSET);
  bytes.fill(0xff, BAT_OFFSET, layout.batmapHeaderOffset);
  const batmap = bytes.subarray(layout.batmapOffset, layout.batmapOffset + layout.batmapBytes);
  let rank = 0;
  for (let block = 0; block < layout.blocks; block++) {
    if (!stored[block]) continue;
    const bitmapSector = (blockOffset(layout, rank++) + DATA_ALIGNMENT - BLOCK_BITMAP_BYTES) / SECTOR_BYTES;
    bytes.writeUInt32BE(bitmapSector, BAT_OFFSET + block * 4);
    batmap[block >> 3] = (batmap[block >> 3] ?? 0) | (0x80 >> (block & 7));
  }
  encodeBatmapHeader(layout, batmap).copy(bytes, layout.batmapHeaderOffset);
  return bytes;
}

/** The 512-byte footer that ends the file and, as a copy, begins it. */
export function encodeVhdFooter(layout: VhdLayout, uuid: VhdUuid): Buffer {
  const footer = Buffer.alloc(FOOTER_BYTES);
  const geometry = vhdGeometry(layout.virtualBytes);
  footer.write('conectix', 0, 'latin1');
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(VERSION_1_0, 12);
  footer.writeBigUInt64BE(BigInt(DYNAMIC_HEADER_OFFSET), 16);
  footer.writeUInt32BE(TIMESTAMP, 24);
  footer.write(CREATOR, 28, 'latin1');
  footer.writeUInt32BE(CREATOR_VERSION, 32);
  footer.writeBigUInt64BE(BigInt(layout.virtualBytes), 40);
  footer.writeBigUInt64BE(BigInt(layout.virtualBytes), 48);
  footer.writeUInt16BE(geometry.cylinders, 56);
  footer.writeUInt8(geometry.heads, 58);
  footer.writeUInt8(geometry.sectorsPerTrack, 59);
  footer.writeUInt32BE(DISK_TYPE_DYNAMIC, 60);
  footer.set(uuid, 68);
  footer.writeUInt32BE(vhdChecksum(footer), 64);
  return footer;
}

function encodeDynamicHeader(layout: VhdLayout): Buffer {
  const header = Buffer.alloc(DYNAMIC_HEADER_BYTES);
  header.write('cxsparse', 0, 'latin1');
  header.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 8);
  header.writeBigUInt64BE(BigInt(BAT_OFFSET), 16);
  header.writeUInt32BE(VERSION_1_0, 24);
  header.writeUInt32BE(layout.blocks, 28);
  header.writeUInt32BE(BLOCK_BYTES, 32);
  header.writeUInt32BE(vhdChecksum(header), 36);
  return header;
}

function encodeBatmapHeader(layout: VhdLayout, batmap: Uint8Array): Buffer {
  const header = Buffer.alloc(SECTOR_BYTES);
  header.write('tdbatmap', 0, 'latin1');
  header.writeBigUInt64BE(BigInt(layout.batmapOffset), 8);
  header.writeUInt32BE(layout.batmapBytes / SECTOR_BYTES, 16);
  header.writeUInt32BE(BATMAP_VERSION, 20);
  header.writeUInt32BE(vhdChecksum(batmap), 24);
  return header;
}

/** The page that precedes a stored block's data: padding, then a bitmap with every sector present. */
export function encodeBlockPage(page: Uint8Array): void {
  page.fill(0, 0, DATA_ALIGNMENT - BLOCK_BITMAP_BYTES);
  page.fill(0xff, DATA_ALIGNMENT - BLOCK_BITMAP_BYTES, DATA_ALIGNMENT);
}
