import { type Body, EndOfStream } from './body.js';
import type { DiskWriter } from './disk-writer.js';

const HEADER = 12;
const LONGEST = 2 ** 31;
const SECTOR = 512;
const PIECE = 1024 * 1024;

/** Writes records of offset, length and bytes, up to the one that is all zeros. */
export async function takeChunks(body: Body, disk: DiskWriter): Promise<void> {
  // One is filled while the other is written.
  const buffers = [Buffer.alloc(PIECE), Buffer.alloc(PIECE)];
  let writing = Promise.resolve();
  try {
    await takeRecords(body, async (offset, length) => {
      const buffer = (buffers.reverse()[0] ?? Buffer.alloc(length)).subarray(0, length);
      const filled = await body.fill(buffer);
      await writing;
      writing = disk.write(offset, buffer.subarray(0, filled));
      // Its failure is told by who waits for it, which is later.
      writing.catch(() => {});
      if (filled < length) {
        throw new EndOfStream();
      }
    });
  } finally {
    await writing;
  }
}

async function takeRecords(
  body: Body,
  take: (offset: number, length: number) => Promise<void>,
): Promise<void> {
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
    for (let done = 0; done < length; done += PIECE) {
      await take(offset + done, Math.min(PIECE, length - done));
    }
  }
}
