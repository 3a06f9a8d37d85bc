import { XenferryError } from '../model/errors.js';
import { BLOCK_BYTES, GIB, roundUp, SECTOR_BYTES } from '../model/units.js';
import { FOOTER_BYTES } from './footer.js';
import { type PlacedLocator, placeLocators, type VhdParentLink } from './parent-link.js';

/** The largest VHD XenServer makes or accepts. */
export const MAX_VHD_BYTES = 2040 * GIB;
export const DYNAMIC_HEADER_OFFSET = 512;
export const DYNAMIC_HEADER_BYTES = 1024;
export const BAT_OFFSET = 1536;
/** One bit per sector of a block, whole sectors. */
export const BLOCK_BITMAP_BYTES = 512;
/** Data is aligned to this; the sector before it is the block's bitmap, the rest of that page is padding. */
export const DATA_ALIGNMENT = 4096;
/** Bytes of file per stored block: padding page with the bitmap, then 2 MiB of data. */
export const BLOCK_STRIDE = DATA_ALIGNMENT + BLOCK_BYTES;
export const UNUSED_BAT_ENTRY = 0xffff_ffff;

/**
 * Where everything of a dynamic or differencing VHD stands; bytes. Blocks stand in disk order, so the layout follows
 * from what is stored.
 */
export interface VhdLayout {
  /** Size of the virtual disk, a multiple of 2 MiB. */
  readonly virtualBytes: number;
  readonly blocks: number;
  readonly batmapHeaderOffset: number;
  readonly batmapOffset: number;
  readonly batmapBytes: number;
  /** Of a differencing disk; null for a dynamic one. */
  readonly parent: VhdParentLink | null;
  /** The parent's paths; none in a dynamic disk. */
  readonly locators: readonly PlacedLocator[];
  /** The first stored block's padding page. */
  readonly firstBlockOffset: number;
}

/** Size of the virtual disk in a VHD: rounded up to 2 MiB as the pool does. Throws VHD_TOO_LARGE. */
export function vhdVirtualBytes(capacityBytes: number): number {
  const virtualBytes = Math.max(roundUp(capacityBytes, BLOCK_BYTES), BLOCK_BYTES);
  if (virtualBytes <= MAX_VHD_BYTES) return virtualBytes;
  throw new XenferryError('VHD_TOO_LARGE', `a disk of ${capacityBytes} bytes does not fit a VHD of 2040 GiB`);
}

/** Layout for a disk of `capacityBytes`: differencing when it has a `parent`, else dynamic. Throws VHD_TOO_LARGE. */
export function vhdLayout(
  capacityBytes: number,
  { parent = null }: { readonly parent?: VhdParentLink | null } = {},
): VhdLayout {
  const virtualBytes = vhdVirtualBytes(capacityBytes);
  const blocks = virtualBytes / BLOCK_BYTES;
  const batmapHeaderOffset = roundUp(BAT_OFFSET + blocks * 4, SECTOR_BYTES);
  const batmapOffset = batmapHeaderOffset + SECTOR_BYTES;
  const batmapBytes = roundUp(Math.ceil(blocks / 8), SECTOR_BYTES);
  const batmapEnd = batmapOffset + batmapBytes;
  const locators = parent === null ? [] : placeLocators(parent, batmapEnd);
  const tablesEnd = locators.reduce((end, { space }) => end + space, batmapEnd);
  return {
    virtualBytes,
    blocks,
    batmapHeaderOffset,
    batmapOffset,
    batmapBytes,
    parent,
    locators,
    firstBlockOffset: roundUp(tablesEnd, DATA_ALIGNMENT),
  };
}

/** File offset of the padding page of the stored block number `rank` (from 0, in disk order). */
export function blockOffset({ firstBlockOffset }: Pick<VhdLayout, 'firstBlockOffset'>, rank: number): number {
  return firstBlockOffset + rank * BLOCK_STRIDE;
}

/** Length of the whole file when `storedBlocks` are stored, trailing footer included. */
export function vhdFileBytes(layout: VhdLayout, storedBlocks: number): number {
  return blockOffset(layout, storedBlocks) + FOOTER_BYTES;
}
