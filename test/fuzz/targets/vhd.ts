import { verifyFile } from '../../../src/conversion/verify-task.js';
import { fileImage } from '../../../src/images/index.js';
import { BLOCK_BYTES, KIB, MIB } from '../../../src/model/units.js';
import { vhdChecksum } from '../../../src/vhd/checksum.js';
import {
  checkVhd,
  encodeBlockPage,
  encodeVhdFooter,
  encodeVhdMetadata,
  vhdLayout,
} from '../../../src/vhd/index.js';
import { buildVhd, uuidOf } from '../../unit/vhd/vhd-builder.js';
import { mainBytes, mainPath } from '../input.js';
import { once } from './once.js';
import { readImage } from './read-image.js';
import type { FuzzTarget, Seed } from './target.js';

const UUID = Buffer.alloc(16, 'xenferry');
/** Where a footer, its copy and the dynamic header keep their checksums. */
const FOOTER_CHECKSUM = 64;
const HEADER_CHECKSUM = 36;

/** VHDs as the check of finished files reads them, and as a source. */
export const VHD: FuzzTarget = {
  name: 'vhd',
  seeds: once(() => [
    vhdSeed('empty', 3, []),
    vhdSeed('stored', 5, [3]),
    vhdSeed('sparse', 60_000, []),
    foreign(),
    chain(),
  ]),
  seal: (bytes) => {
    if (bytes.length < 2048) return;
    sealAt(bytes.subarray(0, 512), FOOTER_CHECKSUM);
    sealAt(bytes.subarray(512, 1536), HEADER_CHECKSUM);
    sealAt(bytes.subarray(-512), FOOTER_CHECKSUM);
  },
  run: async (input) => {
    const path = mainPath(input);
    await checkVhd(path);
    await readImage(fileImage('vhd', path, mainBytes(input).length));
    const canceled = new Int32Array(new SharedArrayBuffer(4));
    await verifyFile({ kind: 'vhd', path, expected: null, canceled });
  },
};

function vhdSeed(name: string, blocks: number, stored: readonly number[]): Seed {
  const layout = vhdLayout(blocks * BLOCK_BYTES);
  const flags = Uint8Array.from({ length: blocks }, (_, block) => (stored.includes(block) ? 1 : 0));
  const page = Buffer.alloc(4096);
  encodeBlockPage(page);
  const file = Buffer.concat([
    encodeVhdMetadata(layout, flags, UUID),
    ...stored.flatMap(() => [page, Buffer.alloc(BLOCK_BYTES)]),
    encodeVhdFooter(layout, UUID),
  ]);
  return { name, files: new Map([['disk.vhd', file]]) };
}

/** Small blocks with holes in them, as other programs write them. */
function foreign(): Seed {
  const sectors = new Map([1, 2, 900].map((number) => [number, Buffer.alloc(512, number)]));
  const { bytes } = buildVhd({ virtualBytes: 6 * MIB, blockBytes: 512 * KIB, sectors });
  return { name: 'foreign', files: new Map([['disk.vhd', bytes]]) };
}

function chain(): Seed {
  const small = { virtualBytes: 4 * MIB, blockBytes: 512 * KIB };
  const base = buildVhd({ ...small, uuid: uuidOf('base'), sectors: new Map([[7, Buffer.alloc(512, 1)]]) });
  const parent = { uuid: uuidOf('base'), name: 'base.vhd', locators: { W2ru: '.\\\\base.vhd' } };
  const delta = buildVhd({ ...small, parent, sectors: new Map([[8, Buffer.alloc(512, 2)]]) });
  return {
    name: 'chain',
    files: new Map([
      ['disk.vhd', delta.bytes],
      ['base.vhd', base.bytes],
    ]),
  };
}

function sealAt(structure: Buffer, offset: number): void {
  structure.writeUInt32BE(0, offset);
  structure.writeUInt32BE(vhdChecksum(structure), offset);
}
