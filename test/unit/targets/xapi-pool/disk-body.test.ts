import { afterAll, describe, expect, it } from 'vitest';
import { fileImage } from '../../../../src/images/index.js';
import { MIB } from '../../../../src/model/units.js';
import { diskBody } from '../../../../src/targets/xapi-pool/disk-body.js';
import { WorkerThreadsPool } from '../../../../src/worker-threads-pool/index.js';
import { noise } from '../../../support/disk-maker.js';
import { tempFiles } from '../../../support/temp-files.js';

const { put } = tempFiles();
const threads = new WorkerThreadsPool(2);
afterAll(() => threads.close());

/** Ends within a sector; its second block is a hole, its third zeros that a file holds. */
const content = Buffer.concat([noise(1, 2 * MIB), Buffer.alloc(4 * MIB), noise(2, MIB + 100)]);
const allocated = Uint8Array.of(1, 0, 1, 1);

async function bodyBytes(overwrites: number): Promise<{ sent: Buffer; byteLength: number }> {
  const conversion = {
    pool: threads,
    source: fileImage('raw', put('disk.raw', content).path, content.length),
    capacityBytes: content.length,
    allocated,
    threads: 2,
    digest: 'xxh64' as const,
  };
  const { pieces, byteLength } = diskBody(conversion, 'chunked', overwrites, () => {});
  const parts: Buffer[] = [];
  for await (const piece of pieces) parts.push(Buffer.from(piece));
  return { sent: Buffer.concat(parts), byteLength };
}

/** What a host makes of the chunks on a disk that held `before`. */
function stored(sent: Buffer, before: number): { disk: Buffer; chunks: number } {
  const disk = Buffer.alloc(10 * MIB, before);
  let chunks = 0;
  for (let at = 0; ; chunks++) {
    const [offset, length] = [Number(sent.readBigUInt64LE(at)), sent.readUInt32LE(at + 8)];
    at += 12;
    if (offset === 0 && length === 0) {
      expect(at).toBe(sent.length);
      return { disk, chunks };
    }
    expect([offset % 512, length % 512]).toEqual([0, 0]);
    sent.copy(disk, offset, at, at + length);
    at += length;
  }
}

describe('the chunks of a disk', () => {
  it('leave zeros out where the disk has them already', async () => {
    const { sent, byteLength } = await bodyBytes(0);
    const { disk, chunks } = stored(sent, 0);
    expect(disk.subarray(0, content.length).equals(content)).toBe(true);
    expect(chunks).toBe(2);
    expect(sent.length).toBeLessThanOrEqual(byteLength);
  });

  it('write zeros over what a volume held before', async () => {
    const { sent, byteLength } = await bodyBytes(10 * MIB);
    const { disk, chunks } = stored(sent, 0xee);
    expect(disk.subarray(0, content.length).equals(content)).toBe(true);
    // The volume is larger than the disk, and nobody else's data is to be seen in it.
    expect(disk.subarray(content.length).every((byte) => byte === 0)).toBe(true);
    expect(chunks).toBe(6);
    expect(sent.length).toBeLessThanOrEqual(byteLength);
  });
});
