import { SECTOR_BYTES } from '../model/units.js';
import { vhdChecksum } from './checksum.js';
import { encodeDynamicHeader } from './dynamic-header.js';
import { encodeFooter, NO_OFFSET, type VhdUuid } from './footer.js';
import {
  BAT_OFFSET,
  BLOCK_BITMAP_BYTES,
  blockOffset,
  DATA_ALIGNMENT,
  DYNAMIC_HEADER_OFFSET,
  type VhdLayout,
} from './layout.js';

const BATMAP_VERSION = 0x0001_0002;

/**
 * Everything before the first block: footer copy, dynamic header, BAT, batmap, parent locators ("Virtual Hard Disk
 * Image Format Specification" 1.0; batmap as blktap writes it). `stored[block]` is non-zero for a block that the file
 * holds. The result is `layout.firstBlockOffset` bytes long.
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
  for (const { path, offset } of layout.locators) path.copy(bytes, offset);
  return bytes;
}

/** The 512-byte footer that ends a dynamic or differencing file and, as a copy, begins it. */
export function encodeVhdFooter({ virtualBytes, parent }: VhdLayout, uuid: VhdUuid): Buffer {
  const kind = parent === null ? 'dynamic' : 'differencing';
  return encodeFooter({ kind, headerOffset: BigInt(DYNAMIC_HEADER_OFFSET), virtualBytes, uuid });
}

/** The 512-byte footer that follows the bytes of a fixed disk; `virtualBytes` from `vhdVirtualBytes`. */
export function encodeFixedVhdFooter(virtualBytes: number, uuid: VhdUuid): Buffer {
  return encodeFooter({ kind: 'fixed', headerOffset: NO_OFFSET, virtualBytes, uuid });
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
