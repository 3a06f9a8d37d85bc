import { gunzipSync } from 'node:zlib';
import { XenferryError } from '../../../../model/errors.js';
import { runTool } from '../../../tools/run-tool.js';

/** What an unpacked initramfs may take; the largest in the field (all firmware) are near 300 MiB. */
export const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;

interface Compression {
  readonly magic: readonly number[];
  unpack(bytes: Buffer): Promise<Buffer>;
}

/** By the magic numbers the kernel looks for (Linux, lib/decompress.c). */
const COMPRESSIONS: readonly Compression[] = [
  { magic: [0x1f, 0x8b], unpack: async (bytes) => gunzip(bytes) },
  {
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0],
    unpack: (bytes) => run('xz', ['-dc', '--single-stream'], bytes),
  },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], unpack: (bytes) => run('zstd', ['-dc'], zstdFrame(bytes)) },
  { magic: [0x02, 0x21, 0x4c, 0x18], unpack: (bytes) => run('lz4', ['-dc'], lz4Stream(bytes)) },
  { magic: [0x42, 0x5a, 0x68], unpack: (bytes) => run('bzip2', ['-dc'], bytes) },
  { magic: [0x5d, 0, 0], unpack: unlzma },
];

/**
 * Unpacks what `bytes` begins with; what follows is left aside. gzip by zlib, the others by their programs.
 * Rejects with GUEST_UNREADABLE, TOOL_MISSING.
 */
export async function decompress(bytes: Buffer): Promise<Buffer> {
  const compression = COMPRESSIONS.find(({ magic }) => magic.every((byte, index) => bytes[index] === byte));
  if (compression === undefined) {
    throw new XenferryError('GUEST_UNREADABLE', 'the initramfs is compressed in an unknown way');
  }
  return compression.unpack(bytes);
}

function gunzip(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    throw new XenferryError('GUEST_UNREADABLE', 'the initramfs cannot be unpacked as gzip', { cause: error });
  }
}

/** A .lzma stream does not tell its length and must not be followed by anything; padding may have been its last bytes. */
async function unlzma(bytes: Buffer): Promise<Buffer> {
  const MOST_ZEROS_OF_ITS_OWN = 4;
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  for (let zeros = 0; ; zeros++) {
    try {
      return await run('xz', ['-dc', '--format=lzma'], bytes.subarray(0, end + zeros));
    } catch (error) {
      if (zeros === MOST_ZEROS_OF_ITS_OWN || end + zeros >= bytes.length) throw error;
    }
  }
}

async function run(program: string, args: readonly string[], input: Buffer): Promise<Buffer> {
  try {
    return (await runTool(program, args, { input, maxOutput: MAX_UNPACKED_BYTES })).stdout;
  } catch (cause) {
    if (!(cause instanceof XenferryError) || cause.code !== 'TOOL_FAILED') throw cause;
    const message = `the initramfs cannot be unpacked by ${program}`;
    throw new XenferryError('GUEST_UNREADABLE', message, { cause });
  }
}

/** The frames at the start: the program takes bytes that follow for an error (RFC 8878, 3.1.1). */
function zstdFrame(bytes: Buffer): Buffer {
  let at = 0;
  while (at + 5 <= bytes.length && bytes.readUInt32LE(at) === 0xfd2fb528) {
    const descriptor = bytes[at + 4] ?? 0;
    const singleSegment = (descriptor & 0x20) !== 0;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
    const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
    at += 5 + (singleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
    for (let last = false; !last; ) {
      if (at + 3 > bytes.length) return bytes;
      const block = bytes.readUIntLE(at, 3);
      last = (block & 1) !== 0;
      const isRun = ((block >> 1) & 3) === 1;
      at += 3 + (isRun ? 1 : block >> 3);
    }
    at += (descriptor & 4) === 0 ? 0 : 4;
  }
  return bytes.subarray(0, at);
}

/** The legacy format the kernel knows: blocks with their length in front, until one is no length (LZ4 frame format). */
function lz4Stream(bytes: Buffer): Buffer {
  const MAX_BLOCK = 0x0800_0000;
  let at = 4;
  while (at + 4 <= bytes.length) {
    const length = bytes.readUInt32LE(at);
    if (length === 0 || length > MAX_BLOCK || at + 4 + length > bytes.length) break;
    at += 4 + length;
  }
  return bytes.subarray(0, at);
}
