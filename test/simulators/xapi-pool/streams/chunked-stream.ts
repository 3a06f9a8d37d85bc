import { type Body, EndOfStream } from './body.js';
import type { DiskWriter } from './disk-writer.js';

const HEADER = 12;
const LONGEST = 2 ** 31;
const SECTOR = 512;
const PIECE = 1024 * 1024;

/** Writes records of offset, length and bytes, up to the one that is all zeros. */
export async function takeChunks(body: Body, disk: DiskWriter): Promise<void> {
  for (;;) {
    const header = await body.exactly(HEADER);
    const offset = Number(header.readBigUInt64LE(0));
    const length = header.readUInt32LE(8);
    if (offset === 0 && length === 0) {
      return;
    }
    if (offset % SECTOR !== 0 || length >= LONGEST) {
      throw new Error('not sector aligned');
    }
    for (let done = 0; done < length; ) {
      const piece = await body.some(Math.min(PIECE, length - done));
      if (piece === undefined) {
        throw new EndOfStream();
      }
      await disk.write(offset + done, piece);
      done += piece.length;
    }
  }
}
