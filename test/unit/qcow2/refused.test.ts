import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { allocatedBlocks, createReadTools, readDisk } from '../../../src/disk-image/index.js';
import type { ByteSource } from '../../../src/io/byte-source.js';
import { XenferryError } from '../../../src/model/errors.js';
import { KIB, MIB } from '../../../src/model/units.js';
import { openQcow2 } from '../../../src/qcow2/index.js';
import { logText, noise } from '../../support/disk-maker.js';
import { readWhole } from '../../support/disk-reader.js';
import { tempFiles } from '../../support/temp-files.js';
import { createQcow2, openQcow2At, qemuImg } from './qcow2-files.js';

const { folder } = tempFiles();
const inFolder = (name: string) => join(folder, name);

const L1_AT = 40;
const FEATURES_AT = 72;
const COPIED = 1n << 63n;
const COMPRESSED = 1n << 62n;

/** Images of 4 MiB: text, noise, nothing. */
const images: Record<'plain' | 'packed' | 'old' | 'fine', Buffer> = {
  plain: Buffer.alloc(0),
  packed: Buffer.alloc(0),
  old: Buffer.alloc(0),
  fine: Buffer.alloc(0),
};

beforeAll(() => {
  const raw = inFolder('disk.raw');
  writeFileSync(raw, Buffer.concat([logText(1, MIB), noise(2, MIB), Buffer.alloc(2 * MIB)]));
  const make = (options: string, ...flags: string[]): Buffer => {
    qemuImg('convert', '-f', 'raw', '-O', 'qcow2', '-o', options, ...flags, raw, inFolder('made.qcow2'));
    return readFileSync(inFolder('made.qcow2'));
  };
  images.plain = make('compat=1.1');
  images.packed = make('compat=1.1', '-c');
  images.old = make('compat=0.10');
  images.fine = make('extended_l2=on');
});

/** An image in memory that knows whether it was closed. */
class MemorySource implements ByteSource {
  readonly path = 'memory.qcow2';
  readonly length: number;
  closed = false;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.length = bytes.length;
  }

  async read(target: Uint8Array, start: number, length: number, offset: number): Promise<void> {
    if (offset + length > this.length) throw new RangeError(`read to ${offset + length} of ${this.length}`);
    target.set(this.#bytes.subarray(offset, offset + length), start);
  }

  close(): void {
    this.closed = true;
  }
}

function l1Offset(image: Buffer): number {
  return Number(image.readBigUInt64BE(L1_AT));
}

function l2Offset(image: Buffer): number {
  return Number(image.readBigUInt64BE(l1Offset(image)) & 0x00ff_ffff_ffff_fe00n);
}

/** Opens an image, surveys it and reads all of it. */
async function readAll(image: Buffer): Promise<Buffer> {
  return await readWhole(await openQcow2(new MemorySource(image)));
}

describe('a kind of image that cannot be read', () => {
  it('is refused when it is encrypted', async () => {
    const path = inFolder('secret.qcow2');
    const options = 'encrypt.format=aes,encrypt.key-secret=s';
    execFileSync('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '--object',
      'secret,id=s,data=open',
      '-o',
      options,
      path,
      '1M',
    ]);
    await expect(openQcow2At(path)).rejects.toMatchObject({
      code: 'QCOW2_UNSUPPORTED',
      message: expect.stringContaining('encrypted (AES)'),
      hint: expect.stringContaining('secret'),
      place: { file: path, offset: 32 },
    });
  });

  it('is refused when its data is in another file', async () => {
    const path = inFolder('apart.qcow2');
    createQcow2(path, MIB, `data_file=${inFolder('apart.data')}`);
    await expect(openQcow2At(path)).rejects.toMatchObject({
      code: 'QCOW2_UNSUPPORTED',
      message: expect.stringContaining('another file'),
      hint: expect.stringContaining('qemu-img convert'),
    });
  });

  it('is refused when it is compressed with zstd', async () => {
    const path = inFolder('zstd.qcow2');
    createQcow2(path, MIB, 'compression_type=zstd');
    await expect(openQcow2At(path)).rejects.toMatchObject({
      code: 'QCOW2_UNSUPPORTED',
      message: expect.stringContaining('zstd'),
      hint: expect.stringContaining('qemu-img convert'),
    });
  });

  it.each<[string, (image: Buffer) => void, string, number]>([
    ['of the first version', (image) => image.writeUInt32BE(1, 4), 'version 1', 4],
    ['of a version to come', (image) => image.writeUInt32BE(4, 4), 'version 4', 4],
    ['with LUKS', (image) => image.writeUInt32BE(2, 32), 'LUKS', 32],
    ['with unknown encryption', (image) => image.writeUInt32BE(9, 32), 'method 9', 32],
    ['with unknown features', (image) => image.writeUInt8(0x20, FEATURES_AT + 7), '0x20', FEATURES_AT],
    ['with unknown compression', (image) => image.writeUInt8(7, 104), 'type 7', 104],
    ['above 64 TiB', (image) => image.writeBigUInt64BE(2n ** 46n + 512n, 24), '64 TiB', 24],
  ])('is refused: %s', async (_name, change, message, offset) => {
    const image = Buffer.from(images.plain);
    change(image);
    await expect(readAll(image)).rejects.toMatchObject({
      code: 'QCOW2_UNSUPPORTED',
      message: expect.stringContaining(message),
      place: { file: 'memory.qcow2', offset },
    });
  });
});

/** What is damaged, and where the error must point. */
type Damage = readonly [
  name: string,
  kind: keyof typeof images,
  damage: (image: Buffer) => void,
  offset: (image: Buffer) => number,
];

const DAMAGES: readonly Damage[] = [
  ['the magic', 'plain', (image) => image.writeUInt8(0x52, 0), () => 0],
  ['the cluster size, too small', 'plain', (image) => image.writeUInt32BE(8, 20), () => 20],
  ['the cluster size, too large', 'plain', (image) => image.writeUInt32BE(22, 20), () => 20],
  ['the cluster size for subclusters', 'fine', (image) => image.writeUInt32BE(13, 20), () => 20],
  ['the header length', 'plain', (image) => image.writeUInt32BE(96, 100), () => 100],
  ['the corrupt bit', 'plain', (image) => image.writeUInt8(2, FEATURES_AT + 7), () => FEATURES_AT],
  ['the L1 size', 'plain', (image) => image.writeUInt32BE(0, 36), () => 36],
  ['the disk size', 'plain', (image) => image.writeBigUInt64BE(2n ** 45n, 24), () => 36],
  ['the L1 offset', 'plain', (image) => image.writeBigUInt64BE(2n ** 60n, L1_AT), () => L1_AT],
  ['the L1 offset, missing', 'plain', (image) => image.writeBigUInt64BE(0n, L1_AT), () => L1_AT],
  ['the L1 offset, between clusters', 'plain', (image) => image.writeBigUInt64BE(512n, L1_AT), () => L1_AT],
  ['the place of the backing file’s name', 'plain', backingName(2 ** 40, 10), () => 8],
  ['the length of the backing file’s name', 'plain', backingName(200, 5000), () => 8],
  [
    'an L2 offset',
    'plain',
    (image) => image.writeBigUInt64BE(COPIED | (1n << 50n), l1Offset(image)),
    l1Offset,
  ],
  [
    'an L2 offset, between clusters',
    'plain',
    (image) => image.writeBigUInt64BE(COPIED | BigInt(l2Offset(image) + 512), l1Offset(image)),
    l1Offset,
  ],
  [
    'an L2 table used twice',
    'plain',
    (image) => {
      image.writeBigUInt64BE(1024n * BigInt(MIB), 24);
      image.writeUInt32BE(2, 36);
      image.copy(image, l1Offset(image) + 8, l1Offset(image), l1Offset(image) + 8);
    },
    (image) => l1Offset(image) + 8,
  ],
  ['a cluster’s offset', 'plain', entry(3, COPIED | (1n << 55n)), (image) => l2Offset(image) + 24],
  [
    'a cluster’s offset, between clusters',
    'plain',
    entry(3, COPIED | 0x5_0200n),
    (image) => l2Offset(image) + 24,
  ],
  ['a zero cluster in version 2', 'old', entry(3, 1n), (image) => l2Offset(image) + 24],
  [
    'a compressed cluster’s offset',
    'packed',
    entry(3, COMPRESSED | (1n << 53n)),
    (image) => l2Offset(image) + 24,
  ],
  ['a compressed cluster without offset', 'packed', entry(3, COMPRESSED), (image) => l2Offset(image) + 24],
  [
    'a subcluster both stored and zeros',
    'fine',
    (image) => image.writeUInt32BE(1, l2Offset(image) + 8),
    l2Offset,
  ],
  [
    'subclusters without a place',
    'fine',
    (image) => image.fill(0, l2Offset(image), l2Offset(image) + 8),
    l2Offset,
  ],
];

function backingName(offset: number, length: number): (image: Buffer) => void {
  return (image) => {
    image.writeBigUInt64BE(BigInt(offset), 8);
    image.writeUInt32BE(length, 16);
  };
}

/** Changes an entry of the first L2 table. */
function entry(index: number, value: bigint): (image: Buffer) => void {
  return (image) => image.writeBigUInt64BE(value, l2Offset(image) + index * 8);
}

describe('a damaged image', () => {
  it.each(DAMAGES)('is refused with the place of the damage: %s', async (_name, kind, damage, offset) => {
    const image = Buffer.from(images[kind]);
    const place = { file: 'memory.qcow2', offset: offset(image) };
    damage(image);
    await expect(readAll(image)).rejects.toMatchObject({ code: 'QCOW2_INVALID', place });
  });

  it('of a size no header has is refused', async () => {
    for (const length of [0, 4, 71, 103]) {
      await expect(readAll(images.plain.subarray(0, length))).rejects.toMatchObject({
        code: 'QCOW2_INVALID',
      });
    }
  });

  it.each(['plain', 'packed'] as const)('that was cut off is refused: %s', async (kind) => {
    const image = images[kind];
    await expect(readAll(image.subarray(0, image.length - 300 * KIB))).rejects.toMatchObject({
      code: 'QCOW2_INVALID',
    });
  });

  it('tells which compressed cluster does not inflate', async () => {
    const image = Buffer.from(images.packed);
    const offset = Number(image.readBigUInt64BE(l2Offset(image)) & 0xff_ffffn);
    image.fill(0xff, offset, offset + 100);
    await expect(readAll(image)).rejects.toMatchObject({
      code: 'QCOW2_INVALID',
      message: expect.stringContaining('disk byte 0 '),
      place: { file: 'memory.qcow2', offset },
    });
  });

  it.each([
    64 * KIB - 1,
    64 * KIB + 1,
    16 * MIB,
  ])('whose compressed cluster inflates to %i bytes is refused', async (length) => {
    const stream = deflateRawSync(Buffer.alloc(length), { level: 9 });
    const at = Math.ceil(images.packed.length / 512) * 512;
    const image = Buffer.concat([images.packed, Buffer.alloc(at - images.packed.length), stream]);
    const sectors = Math.ceil(stream.length / 512);
    image.writeBigUInt64BE(COMPRESSED | (BigInt(sectors - 1) << 54n) | BigInt(at), l2Offset(image));
    await expect(readAll(image)).rejects.toMatchObject({
      code: 'QCOW2_INVALID',
      message: expect.stringContaining('does not inflate'),
      place: { offset: at },
    });
  });

  it('is closed when it is refused', async () => {
    const source = new MemorySource(Buffer.alloc(4096));
    await expect(openQcow2(source)).rejects.toMatchObject({ code: 'QCOW2_INVALID' });
    expect(source.closed).toBe(true);
  });

  it.each([
    'plain',
    'packed',
    'old',
    'fine',
  ] as const)('never fails in another way than by name: %s', async (kind) => {
    const tools = createReadTools();
    const image = images[kind];
    const places = [0, l1Offset(image), l2Offset(image)];
    const change = fc.record({
      area: fc.constantFrom(...places),
      within: fc.nat(111),
      byte: fc.nat(255),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = Buffer.from(image);
        for (const { area, within, byte } of changes) bytes[area + within] = byte;
        try {
          const disk = await openQcow2(new MemorySource(bytes));
          if (disk.byteLength < 2 ** 40) await allocatedBlocks(disk);
          await readDisk(disk, Buffer.alloc(4 * MIB), 0, 4 * MIB, tools);
        } catch (error) {
          expect(error).toBeInstanceOf(XenferryError);
          expect(error).toMatchObject({
            code: expect.stringMatching(/^QCOW2_/),
            place: { file: 'memory.qcow2' },
          });
        }
      }),
      { numRuns: 150 },
    );
  });
});
