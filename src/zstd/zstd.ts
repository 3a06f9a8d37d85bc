import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { systemErrorCode, XenferryError } from '../model/errors.js';

/** A frame begins with it (RFC 8878, 3.1.1). */
const MAGIC = Buffer.of(0x28, 0xb5, 0x2f, 0xfd);
/** A fifth of the CPU that level 19 takes, for nine tenths of what it saves. */
const LEVEL = '-3';
const MOST_SAID = 2_000;

type Zstd = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * One frame with a checksum, made of `pieces` in order; each is used up before the next is asked for. Ends with the
 * failure of `pieces` when they fail; throws TOOL_MISSING, TOOL_FAILED. Returning early stops the program and `pieces`.
 */
export async function* zstdCompress(
  pieces: AsyncIterable<Uint8Array>,
  threads: number,
): AsyncGenerator<Buffer> {
  const zstd = start([LEVEL, `-T${threads}`, '--check']);
  const stop = new AbortController();
  // What ends the feeding early ends the program: without an end of input it writes no end of its own.
  const feeding = feed(zstd.child.stdin, pieces, stop.signal).catch((error: unknown) => {
    zstd.child.kill('SIGKILL');
    return error;
  });
  try {
    yield* outputOf(zstd.child);
    const failure = await feeding;
    if (failure !== undefined && !isClosedPipe(failure)) throw failure;
    await zstd.end;
  } finally {
    stop.abort();
    zstd.child.kill('SIGKILL');
    await feeding;
    await zstd.end.catch(() => {});
  }
}

/** What a file holds, in order. Throws TOOL_MISSING, TOOL_FAILED also for a file that is damaged. */
export async function* zstdDecompress(path: string): AsyncGenerator<Buffer> {
  const zstd = start(['-d', '-c', '--', path]);
  zstd.child.stdin.end();
  try {
    yield* outputOf(zstd.child);
    await zstd.end;
  } finally {
    zstd.child.kill('SIGKILL');
    await zstd.end.catch(() => {});
  }
}

export async function isZstdInstalled(): Promise<boolean> {
  const zstd = start(['--version']);
  zstd.child.stdin.end();
  zstd.child.stdout.resume();
  try {
    await zstd.end;
    return true;
  } catch (error) {
    if (error instanceof XenferryError && error.code === 'TOOL_MISSING') return false;
    throw error;
  }
}

/** Whether a file begins as a compressed one does. */
export async function isZstd(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    return buffer.subarray(0, bytesRead).equals(MAGIC);
  } finally {
    await handle.close();
  }
}

/** `end` rejects unless the program ended well. */
function start(args: readonly string[]): { readonly child: Zstd; readonly end: Promise<void> } {
  const child: Zstd = spawn('zstd', ['-q', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said = `${said}${text}`.slice(0, MOST_SAID);
  });
  // Told by the exit code, too.
  child.stdin.on('error', () => {});
  const end = ended(child).then((code) => {
    if (code === 0) return;
    throw new XenferryError('TOOL_FAILED', `zstd: ${said.trim() || `it ended with ${code}`}`);
  });
  // Nobody may be there yet to hear of it.
  end.catch(() => {});
  return { child, end };
}

/** A program that could not be started, or was stopped, ends its output early: why, its own end tells. */
async function* outputOf({ stdout }: Zstd): AsyncGenerator<Buffer> {
  try {
    yield* stdout;
  } catch (error) {
    if (systemErrorCode(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

async function ended(child: Zstd): Promise<number | null> {
  try {
    const [code] = await once(child, 'close');
    return typeof code === 'number' ? code : null;
  } catch (cause) {
    if (systemErrorCode(cause) !== 'ENOENT') throw cause;
    throw new XenferryError('TOOL_MISSING', 'zstd is not installed', {
      cause,
      hint: 'Install it: sudo apt-get install --no-install-recommends zstd',
    });
  }
}

async function feed(
  stdin: Writable,
  pieces: AsyncIterable<Uint8Array>,
  stop: AbortSignal,
): Promise<undefined> {
  for await (const piece of pieces) {
    if (stop.aborted) return;
    await new Promise<void>((resolve, reject) => {
      stdin.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
  stdin.end();
}

/** The program has gone; why, its own end tells. */
function isClosedPipe(error: unknown): boolean {
  return ['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET'].includes(systemErrorCode(error) ?? '');
}
