import { allocatedBlocks, createReadTools, readDisk } from '../../../src/disk-image/index.js';
import { type ImageSource, openImage } from '../../../src/images/index.js';
import { BLOCK_BYTES } from '../../../src/model/units.js';
import { once } from './once.js';

const BLOCKS_AT_EACH_END = 4;

const tools = once(() => createReadTools());
const target = once(() => Buffer.alloc(BLOCK_BYTES));

export interface ReadImage {
  readonly capacityBytes: number;
  /** Blocks that may hold data. */
  readonly blocks: number;
}

/** Reads an image as a conversion does: its map, then blocks that it has data for. */
export async function readImage(source: ImageSource): Promise<ReadImage> {
  const image = await openImage(source);
  try {
    const blocks = await allocatedBlocks(image);
    const first = blocksFrom(blocks, 1);
    const last = blocksFrom(blocks, -1);
    for (const block of new Set([...first, ...last])) {
      await readDisk(image, target(), block * BLOCK_BYTES, BLOCK_BYTES, tools());
    }
    return { capacityBytes: image.byteLength, blocks: blocks.reduce((sum, flag) => sum + flag, 0) };
  } finally {
    image.close();
  }
}

/** The first allocated blocks, or the last ones. */
function blocksFrom(blocks: Uint8Array, step: 1 | -1): readonly number[] {
  const found: number[] = [];
  let block = step === 1 ? blocks.indexOf(1) : blocks.lastIndexOf(1);
  while (block >= 0 && block < blocks.length && found.length < BLOCKS_AT_EACH_END) {
    if (blocks[block] === 1) found.push(block);
    block += step;
  }
  return found;
}
