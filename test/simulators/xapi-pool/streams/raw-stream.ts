import { type Body, EndOfStream } from './body.js';
import type { DiskWriter } from './disk-writer.js';

const SEGMENT = 2 * 1024 * 1024;

export interface RawStream {
  /** Of the body; the disk's size where the client did not tell. */
  readonly length: number;
  /** Whether an end within the last segment passes for a complete transfer. */
  readonly shortTail: boolean;
  readonly progress: (done: number) => void;
}

/** Writes a body byte by byte from the disk's start on. */
export async function takeRaw(body: Body, disk: DiskWriter, stream: RawStream): Promise<void> {
  // One buffer for all segments: what a short one leaves of the last is what the real program writes.
  const buffer = Buffer.alloc(SEGMENT);
  for (let offset = 0; offset < stream.length; offset += SEGMENT) {
    const segment = buffer.subarray(0, Math.min(SEGMENT, stream.length - offset));
    const filled = await body.fill(segment);
    const last = offset + SEGMENT >= stream.length;
    if (filled < segment.length && !(stream.shortTail && last && filled > 0)) {
      throw new EndOfStream();
    }
    await disk.write(offset, segment);
    stream.progress((offset + segment.length) / stream.length);
  }
}
