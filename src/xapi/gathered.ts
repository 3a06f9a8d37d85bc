import { finished, type Readable } from 'node:stream';

/**
 * What a stream gives, in pieces of so many bytes and a last one of fewer; a piece is valid until the next is asked for.
 * No more than one is taken from the stream ahead of the reader. Ends with the stream's error.
 */
export async function* gathered(stream: Readable, bytes: number): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafeSlow(bytes);
  let filled = 0;
  /** What came with the end of a piece. */
  let rest: Buffer = Buffer.alloc(0);
  let wake = () => {};
  let failure: Error | null | undefined;
  let ended = false;
  const add = (part: Buffer) => {
    const taken = part.copy(piece, filled);
    filled += taken;
    rest = part.subarray(taken);
    if (filled < bytes) return;
    stream.pause();
    wake();
  };
  const forget = finished(stream, (error) => {
    failure = error;
    ended = true;
    wake();
  });
  stream.on('data', add);
  try {
    while (!ended || filled > 0) {
      if (!ended && filled < bytes) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (failure != null) throw failure;
      yield piece.subarray(0, filled);
      filled = 0;
      add(rest);
      if (filled < bytes) stream.resume();
    }
  } finally {
    forget();
    // Whatever becomes of it now, nobody reads on.
    stream.on('error', () => {}).destroy();
  }
}
