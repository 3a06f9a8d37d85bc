import { readFileSync, statSync } from 'node:fs';
import { access, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { DiskImage } from '../../../src/disk-image/index.js';
import { fileImage, openImage } from '../../../src/images/index.js';
import { readBytes } from '../../../src/io/byte-source.js';
import { XenferryError } from '../../../src/model/errors.js';
import { MIB } from '../../../src/model/units.js';
import { type NbdSource, openNbd, type ServedImages, serveImages } from '../../../src/nbd/index.js';
import { makeMixedRaw, makeVmdk } from '../../support/disk-maker.js';
import { failureOf } from '../../support/failure.js';
import { uint32 } from '../../support/fake-nbd.js';
import { RawNbdClient } from '../../support/raw-nbd-client.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const RAW = join(folder, 'disk.raw');
const VMDK = join(folder, 'disk.vmdk');
const CAPACITY = 40 * MIB;
const [READ, WRITE, DISCONNECT] = [0, 1, 2];
const [EPERM, EIO, EINVAL] = [1, 5, 22];
let content: Buffer;

beforeAll(async () => {
  await makeMixedRaw(RAW, CAPACITY);
  await makeVmdk(RAW, VMDK, 'streamOptimized');
  content = readFileSync(RAW);
});

interface Served {
  readonly served: ServedImages;
  readonly socket: string;
}

async function serve(images: readonly DiskImage[], signal?: AbortSignal): Promise<Served> {
  const socket = join(await mkdtemp(join(folder, 's-')), 'socket');
  const served = await serveImages(images, socket, signal);
  onTestFinished(() => served.close());
  return { served, socket };
}

async function serveVmdk(): Promise<Served> {
  return await serve([await openImage(fileImage('vmdk', VMDK, statSync(VMDK).size))]);
}

async function client(uri: string): Promise<NbdSource> {
  const source = await openNbd(uri, { truncatedCode: 'VMDK_TRUNCATED' });
  onTestFinished(() => source.close());
  return source;
}

/** An image of noughts that cannot be read in its second half, or that `read` says how to read. */
function fakeImage(read?: DiskImage['read']): DiskImage {
  return {
    byteLength: MIB,
    exactMap: false,
    format: 'raw',
    files: [],
    notes: [],
    visitRanges: async (visit) => visit(0, MIB, 'data'),
    read:
      read ??
      (async (target, at, offset, length) => {
        if (offset >= MIB / 2) throw new XenferryError('SOURCE_UNREADABLE', 'the vCenter cannot be reached');
        target.fill(0, at, at + length);
      }),
    close: () => {},
  };
}

describe('images that are served', () => {
  it('are to QEMU what they are to qemu-img itself, data and holes', async () => {
    const { served } = await serveVmdk();
    const uri = served.uri(0);
    const { stdout } = await execa('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', RAW, uri]);
    expect(stdout).toContain('Images are identical');
    const map = await execa('qemu-img', ['map', '--output=json', '-f', 'raw', uri]);
    const runs: Array<{ start: number; length: number; zero: boolean }> = JSON.parse(map.stdout);
    const isZero = (offset: number) =>
      runs.some(({ start, length, zero }) => zero && start <= offset && offset < start + length);
    expect([0, 4 * MIB, 26 * MIB, CAPACITY - 512].map(isZero)).toEqual([false, false, false, false]);
    expect([15 * MIB, 31 * MIB, 35 * MIB].map(isZero)).toEqual([true, true, true]);
    expect(runs.reduce((sum, { length }) => sum + length, 0)).toBe(CAPACITY);
    expect(served.failure).toBeNull();
  });

  it('are listed by libnbd as read-only exports that many may read', async () => {
    const raw = await openImage(fileImage('raw', RAW, CAPACITY));
    const { served } = await serve([raw, fakeImage()]);
    const { stdout } = await execa('nbdinfo', ['--list', '--json', served.uri(0)]);
    const { exports } = JSON.parse(stdout);
    expect(exports).toMatchObject([
      {
        'export-name': 'disk0',
        'export-size': CAPACITY,
        is_read_only: true,
        can_multi_conn: true,
        contexts: ['base:allocation'],
      },
      { 'export-name': 'disk1', 'export-size': MIB, is_read_only: true },
    ]);
  });

  it('end with the sector that their last byte is in', async () => {
    const odd = {
      ...fakeImage(async (target, at, _, length) => void target.fill(7, at, at + length)),
      byteLength: 700,
    };
    const source = await client((await serve([odd])).served.uri(0));
    expect(await readBytes(source, 0, 1024)).toEqual(
      Buffer.concat([Buffer.alloc(700, 7), Buffer.alloc(324)]),
    );
  });

  it('read as the disk wherever and however much at once', async () => {
    const { served } = await serveVmdk();
    const source = await client(served.uri(0));
    const range = fc
      .tuple(fc.integer({ min: 0, max: CAPACITY - 1 }), fc.integer({ min: 1, max: 5 * MIB }))
      .map(([offset, length]) => [offset, Math.min(length, CAPACITY - offset)] as const);
    await fc.assert(
      fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 24 }), async (ranges) => {
        const read = await Promise.all(ranges.map(([offset, length]) => readBytes(source, offset, length)));
        const wrong = ranges.filter(
          ([offset, length], index) => !read[index]?.equals(content.subarray(offset, offset + length)),
        );
        expect(wrong).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });

  it('read as the disk by a client that knows simple replies only', async () => {
    const { socket } = await serveVmdk();
    const raw = await RawNbdClient.enter(socket, 'disk0');
    raw.request(READ, 11, 3 * MIB - 5, 9 * MIB);
    raw.request(READ, 12, 26 * MIB, 4);
    expect(await raw.simpleReply()).toEqual({ error: 0, cookie: 11 });
    expect((await raw.take(9 * MIB)).equals(content.subarray(3 * MIB - 5, 12 * MIB - 5))).toBe(true);
    expect(await raw.simpleReply()).toEqual({ error: 0, cookie: 12 });
    expect(await raw.take(4)).toEqual(content.subarray(26 * MIB, 26 * MIB + 4));
    raw.request(DISCONNECT, 13, 0, 0);
    await raw.hungUp();
  });

  it('cannot be written', async () => {
    const { socket } = await serveVmdk();
    const raw = await RawNbdClient.enter(socket, 'disk0');
    raw.request(WRITE, 1, 0, 100_000);
    raw.send(Buffer.alloc(100_000, 1));
    for (const trimOrZeroes of [4, 6]) raw.request(trimOrZeroes, 1, 0, 512);
    for (let reply = 0; reply < 3; reply++)
      expect(await raw.simpleReply()).toEqual({ error: EPERM, cookie: 1 });
    raw.request(READ, 2, 0, 512);
    expect(await raw.simpleReply()).toEqual({ error: 0, cookie: 2 });
    expect(await raw.take(512)).toEqual(content.subarray(0, 512));
  });

  it('are nobody else’s to connect to, and the socket goes with the server', async () => {
    const { served, socket } = await serveVmdk();
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const source = await client(served.uri(0));
    await served.close();
    await served.close();
    await expect(access(socket)).rejects.toThrow();
    expect((await failureOf(readBytes(source, 0, 512))).code).toBe('SOURCE_UNREADABLE');
    expect(served.failure).toBeNull();
  });

  it('need a path that a socket can have', async () => {
    const failure = await failureOf(serveImages([fakeImage()], join(folder, 'x'.repeat(108))));
    expect(failure.code).toBe('CONFIG_INVALID');
  });
});

describe('a source that fails', () => {
  it('is an I/O error for the client, is told, and is not asked again', async () => {
    let reads = 0;
    const { read } = fakeImage();
    const counting = fakeImage(async (...args) => {
      reads++;
      await read(...args);
    });
    const { served, socket } = await serve([counting]);
    const source = await client(served.uri(0));
    expect(await readBytes(source, 0, 512)).toEqual(Buffer.alloc(512));
    const bad = await failureOf(readBytes(source, MIB / 2, 512));
    expect(bad.message).toContain('EIO');
    const raw = await RawNbdClient.enter(socket, 'disk0');
    raw.request(READ, 1, 0, 512);
    expect(await raw.simpleReply()).toEqual({ error: EIO, cookie: 1 });
    expect(reads).toBe(2);
    expect(served.failure).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: 'the vCenter cannot be reached',
    });
  });

  it('in the middle of a simple reply ends the connection: half an answer is none', async () => {
    const long = { ...fakeImage(), byteLength: 4 * MIB };
    const failing = fakeImage(async (target, at, offset, length) => {
      if (offset >= 2 * MIB) throw new XenferryError('SOURCE_UNREADABLE', 'gone');
      target.fill(0, at, at + length);
    });
    const { socket } = await serve([{ ...long, read: failing.read }]);
    const raw = await RawNbdClient.enter(socket, 'disk0');
    raw.request(READ, 1, 0, 4 * MIB);
    await raw.hungUp();
  });

  it('that hangs is given up at once when the work is stopped', async () => {
    const stop = new AbortController();
    let release = () => {};
    const hanging: DiskImage = {
      ...fakeImage(() => new Promise((_, reject) => (release = () => reject(new Error('closed'))))),
      close: () => release(),
    };
    const { served } = await serve([hanging], stop.signal);
    const reading = failureOf(readBytes(await client(served.uri(0)), 0, 512));
    await expect.poll(() => release.name).not.toBe('');
    stop.abort();
    expect((await reading).message).toContain('EIO');
    expect(served.failure?.code).toBe('CANCELED');
  });
});

describe('a client that breaks the protocol', () => {
  const many = Buffer.concat([uint32(5), Buffer.from('disk0'), uint32(0xffff_ffff)]);

  it.each<[string, (raw: RawNbdClient) => void]>([
    ['with noise', (raw) => raw.send(Buffer.alloc(100_000, 0x77))],
    ['with flags that nobody knows', (raw) => raw.send(uint32(0xffff_fffc))],
    ['with an option of 4 GiB', (raw) => raw.send(uint32(3)) ?? raw.option(7, Buffer.alloc(0), 0xffff_fff0)],
    ['with an export that there is not', (raw) => raw.send(uint32(3)) ?? raw.option(1, Buffer.from('disk1'))],
  ])('%s loses its connection, and others do not', async (_, misbehave) => {
    const { served, socket } = await serveVmdk();
    const raw = await RawNbdClient.connect(socket);
    await raw.take(18);
    misbehave(raw);
    await raw.hungUp();
    expect(await readBytes(await client(served.uri(0)), 0, 512)).toEqual(content.subarray(0, 512));
    expect(served.failure).toBeNull();
  });

  it.each<[string, number, Buffer, number]>([
    ['a name longer than the option', 7, uint32(100), 0x8000_0003],
    ['no data where some must be', 6, Buffer.alloc(0), 0x8000_0003],
    ['four milliards of queries', 9, many, 0x8000_0003],
    ['contexts before structured replies', 10, Buffer.concat([uint32(0), uint32(0)]), 0x8000_0003],
    ['another export', 7, Buffer.concat([uint32(1), Buffer.from('x\0\0')]), 0x8000_0006],
    ['TLS', 5, Buffer.alloc(0), 0x8000_0001],
  ])('or asks for %s is told so, and may go on', async (_, option, data, reason) => {
    const { socket } = await serveVmdk();
    const raw = await RawNbdClient.connect(socket);
    await raw.take(18);
    raw.send(uint32(3));
    raw.option(option, data);
    expect((await raw.take(20)).readUInt32BE(12)).toBe(reason);
    raw.option(1, Buffer.from('disk0'));
    expect(Number((await raw.take(10)).readBigUInt64BE(0))).toBe(CAPACITY);
  });

  it.each<[string, number, number | bigint, number]>([
    ['more than 32 MiB', READ, 0, 32 * MIB + 1],
    ['what lies past the end', READ, CAPACITY - 1, 2],
    ['what lies nowhere', READ, 2n ** 64n - 1n, 512],
    ['nothing', READ, 0, 0],
    ['an allocation that was not agreed on', 7, 0, 512],
    ['something unknown', 99, 0, 0],
  ])('or reads %s is told so, and may go on', async (_, command, offset, length) => {
    const { served, socket } = await serveVmdk();
    const raw = await RawNbdClient.enter(socket, 'disk0');
    raw.request(command, 5, offset, length);
    expect(await raw.simpleReply()).toEqual({ error: EINVAL, cookie: 5 });
    raw.request(READ, 6, 0, 16);
    expect(await raw.simpleReply()).toEqual({ error: 0, cookie: 6 });
    expect(served.failure).toBeNull();
  });

  it('in whatever way harms nobody', async () => {
    const { served, socket } = await serveVmdk();
    const noise = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
    const magic = fc.constantFrom(Buffer.from('IHAVEOPT'), uint32(0x25609513), uint32(3));
    const small = fc.integer({ min: 0, max: 12 }).map(uint32);
    const words = fc.array(fc.oneof(noise, magic, small), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), words, async (entered, sent) => {
        const raw = entered ? await RawNbdClient.enter(socket, 'disk0') : await RawNbdClient.connect(socket);
        raw.send(...sent);
        raw.hangUp();
        await raw.hungUp();
      }),
      { numRuns: 100 },
    );
    expect(await readBytes(await client(served.uri(0)), 0, 512)).toEqual(content.subarray(0, 512));
    expect(served.failure).toBeNull();
  });

  it('or takes nothing of what it asks for costs no more than a few reads', async () => {
    const { served, socket } = await serveVmdk();
    const raw = await RawNbdClient.enter(socket, 'disk0');
    raw.pause();
    const before = process.memoryUsage().rss;
    for (let cookie = 0; cookie < 200; cookie++) raw.request(READ, cookie, 0, 32 * MIB);
    expect(await readBytes(await client(served.uri(0)), 0, 512)).toEqual(content.subarray(0, 512));
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
  });
});
