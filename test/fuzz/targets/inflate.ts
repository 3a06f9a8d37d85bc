import { constants, deflateSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { publicInflater } from '../../../src/disk-image/grain-inflater.js';
import { INFLATE_SLACK } from '../../../src/disk-image/index.js';
import { Kernels } from '../../../src/kernels/index.js';
import { XenferryError } from '../../../src/model/errors.js';
import { KIB } from '../../../src/model/units.js';
import { mainBytes } from '../input.js';
import { once } from './once.js';
import type { FuzzTarget } from './target.js';

const SOURCE_BYTES = 9 * 1024 * KIB;
const GRAIN_BYTES = 64 * KIB;
/** Behind the grain: what must stay as it is. */
const GUARD_BYTES = 64;
const GUARD = 0xa5;

const memory = once(() => {
  const kernels = Kernels.load({ bytes: SOURCE_BYTES + GRAIN_BYTES + 8 * KIB });
  const source = kernels.allocate(SOURCE_BYTES);
  return { kernels, source, target: kernels.allocate(GRAIN_BYTES + GUARD_BYTES) };
});

/** Our inflate against zlib's: the same verdict, the same bytes, and nothing written elsewhere. */
export const INFLATE: FuzzTarget = {
  name: 'inflate',
  seeds: once(() =>
    [
      ['dynamic', deflateSync(sample(), { level: 6 })] as const,
      ['fixed', deflateSync(sample(), { strategy: constants.Z_FIXED })] as const,
      ['stored', deflateSync(sample().subarray(0, 3000), { level: 0 })] as const,
      ['runs', deflateSync(Buffer.alloc(GRAIN_BYTES), { level: 9 })] as const,
      ['huffman', deflateSync(sample().subarray(0, 9000), { strategy: constants.Z_HUFFMAN_ONLY })] as const,
    ].map(([name, stream]) => ({ name, files: new Map([['grain.zlib', stream]]) })),
  ),
  seal: writeChecksum,
  run: async (input) => {
    const stream = mainBytes(input);
    const { kernels, source, target } = memory();
    stream.copy(source);
    target.fill(GUARD);
    const ours = kernels.inflate(source, 0, stream.length, target, 0, GRAIN_BYTES);
    if (target.subarray(GRAIN_BYTES).some((byte) => byte !== GUARD))
      throw new Error('a write behind the grain');
    const expected = Buffer.alloc(GRAIN_BYTES + INFLATE_SLACK);
    const theirs = publicInflater.inflate(stream, 0, stream.length, expected, 0, GRAIN_BYTES);
    if (ours !== theirs) throw new Error(`${ours} bytes inflated, zlib makes ${theirs} of it`);
    if (ours === null) throw new XenferryError('VMDK_GRAIN_CORRUPT', 'both say so');
    if (!target.subarray(0, ours).equals(expected.subarray(0, ours)))
      throw new Error('other bytes than zlib');
  },
};

/** What zlib returns when asked for `info`; Node's types do not tell. */
const WITH_INFO = z.object({ buffer: z.instanceof(Buffer), engine: z.object({ bytesWritten: z.number() }) });

/** Gives a stream whose body zlib takes the checksum of what zlib makes of it: only the body is judged then. */
function writeChecksum(stream: Buffer): void {
  try {
    const raw = inflateRawSync(stream.subarray(2), { info: true, maxOutputLength: 2 * GRAIN_BYTES });
    const { buffer, engine } = WITH_INFO.parse(raw);
    deflateSync(buffer, { level: 0 }).copy(stream, 2 + engine.bytesWritten, -4);
  } catch {
    // It stays as it is: a broken body.
  }
}

/** Text with repetitions near and far, and some bytes that do not repeat. */
function sample(): Buffer {
  const lines = Array.from(
    { length: 700 },
    (_, line) => `${line} daemon[${(line * 7919) % 1009}]: request ${line ** 3}\n`,
  );
  return Buffer.from(lines.join(''), 'latin1').subarray(0, GRAIN_BYTES);
}
