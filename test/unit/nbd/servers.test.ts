import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readBytes } from '../../../src/io/byte-source.js';
import { MIB } from '../../../src/model/units.js';
import { type NbdSource, openNbd } from '../../../src/nbd/index.js';
import { makeMixedRaw } from '../../support/disk-maker.js';
import { failureOf } from '../../support/failure.js';
import { nbdkit, overTcp, qemuNbd } from '../../support/nbd-server.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const RAW = join(folder, 'disk.raw');
const CAPACITY = 40 * MIB;
let content: Buffer;
let sockets = 0;

const newSocket = () => join(folder, `socket-${sockets++}`);

async function open(uri: string): Promise<NbdSource> {
  return await openNbd(uri, { truncatedCode: 'VMDK_TRUNCATED' });
}

beforeAll(async () => {
  await makeMixedRaw(RAW, CAPACITY);
  content = readFileSync(RAW);
});

/** Fails unless reads of many sizes, several at a time, are what the raw disk holds. */
async function expectContent(source: NbdSource): Promise<void> {
  expect(source.length).toBe(CAPACITY);
  const parts = [
    ...Array.from({ length: 20 }, (_, block) => [block * 2 * MIB, 2 * MIB] as const),
    [0, 4],
    [511, 2],
    [9 * MIB + 1000, 700_001],
    [CAPACITY - 3, 3],
    [5, 0],
  ] as const;
  const read = await Promise.all(parts.map(([offset, length]) => readBytes(source, offset, length)));
  const wrong = parts.filter(
    ([offset, length], i) => !read[i]?.equals(content.subarray(offset, offset + length)),
  );
  expect(wrong).toEqual([]);
}

describe('an export of qemu-nbd', () => {
  it('reads as the disk inside of the image', async () => {
    const image = join(folder, 'disk.qcow2');
    execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', '-c', RAW, image]);
    const source = await open(await qemuNbd(image, 'qcow2', newSocket()));
    await expectContent(source);
    source.close();
    source.close();
  });

  it('tells where it holds data', async () => {
    const source = await open(await qemuNbd(RAW, 'raw', newSocket()));
    const ranges = await source.dataRanges();
    const isData = (offset: number) => ranges.some(({ start, end }) => start <= offset && offset < end);
    expect([0, 4 * MIB, 26 * MIB, CAPACITY - 512].map(isData)).toEqual([true, true, true, true]);
    expect([15 * MIB, 31 * MIB, 35 * MIB].map(isData)).toEqual([false, false, false]);
    source.close();
  });

  it('reads the same over TCP, in whatever pieces it comes', async () => {
    const socket = newSocket();
    await qemuNbd(RAW, 'raw', socket);
    const uri = await overTcp(socket, 'disk');
    const source = await open(uri);
    expect(source.path).toBe(uri);
    await expectContent(source);
    source.close();
  });

  it('with another name is not found', async () => {
    const uri = await qemuNbd(RAW, 'raw', newSocket());
    const failure = await failureOf(open(uri.replace('/disk', '/other')));
    expect(failure).toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      place: { file: expect.stringContaining('other') },
    });
  });
});

describe('an export of nbdkit', () => {
  it.each<[string, readonly string[]]>([
    ['as it comes', []],
    ['that answers in the simple way', ['--no-sr']],
    ['of an old server', ['--mask-handshake=0']],
    ['that takes small aligned requests only', ['--filter=blocksize-policy']],
    ['that tells nothing of holes', ['--filter=noextents']],
  ])('%s reads as the disk', async (_, options) => {
    const policy = options.includes('--filter=blocksize-policy')
      ? ['blocksize-minimum=4096', 'blocksize-maximum=128K', 'blocksize-error-policy=error']
      : [];
    const source = await open(await nbdkit([...options, 'file', RAW, ...policy], newSocket()));
    await expectContent(source);
    source.close();
  });

  it.each([
    ['--no-sr'],
    ['--mask-handshake=0'],
    ['--filter=noextents'],
  ])('is data throughout when %s hides the holes', async (option) => {
    const source = await open(await nbdkit([option, 'file', RAW], newSocket()));
    expect(await source.dataRanges()).toEqual([{ start: 0, end: CAPACITY }]);
    source.close();
  });

  it('larger than a status request can cover tells all its data', async () => {
    const gib = 1024 * MIB;
    const uri = await nbdkit(['data', `data=@${3 * gib} 1 @${5 * gib - 1} 1 @${9 * gib - 1} 0`], newSocket());
    const source = await open(uri);
    expect(source.length).toBe(9 * gib);
    const ranges = await source.dataRanges();
    const isData = (offset: number) => ranges.some(({ start, end }) => start <= offset && offset < end);
    expect([0, 3 * gib, 4 * gib, 5 * gib - 1, 7 * gib].map(isData)).toEqual([
      false,
      true,
      false,
      true,
      false,
    ]);
    source.close();
  });

  it('that fails to read says so, with the place, and serves what it can', async () => {
    const script = [
      'eval',
      'get_size=echo 1048576',
      'pread=if [ $4 -ge 65536 ]; then echo EIO bad >&2; exit 1; fi; dd if=/dev/zero bs=$3 count=1 status=none',
    ];
    const source = await open(await nbdkit(script, newSocket()));
    const [bad, good] = await Promise.allSettled([readBytes(source, 65_536, 512), readBytes(source, 0, 512)]);
    expect(bad).toMatchObject({ reason: { code: 'SOURCE_UNREADABLE', place: { offset: 65_536 } } });
    expect(good).toMatchObject({ value: Buffer.alloc(512) });
    source.close();
  });

  it('that demands TLS is refused by name', async () => {
    const keys = join(folder, 'keys.psk');
    execFileSync('sh', ['-c', `echo user:${'ab'.repeat(32)} >${keys}`]);
    const uri = await nbdkit(['--tls=require', `--tls-psk=${keys}`, 'null', '1M'], newSocket());
    const failure = await failureOf(open(uri));
    expect(failure).toMatchObject({ code: 'SOURCE_UNREADABLE', message: expect.stringContaining('TLS') });
  });

  it('is refused past its end with the code for a cut file', async () => {
    const source = await open(await nbdkit(['null', '1M'], newSocket()));
    expect((await failureOf(readBytes(source, MIB - 1, 2))).code).toBe('VMDK_TRUNCATED');
    source.close();
  });

  it('rejects reads under way at once when it is closed', async () => {
    const uri = await nbdkit(['--filter=delay', 'null', '1M', 'rdelay=600'], newSocket());
    const source = await open(uri);
    const reads = [failureOf(readBytes(source, 0, 512)), failureOf(readBytes(source, 4096, 9))];
    source.close();
    expect((await Promise.all(reads)).map(({ code }) => code)).toEqual(['CANCELED', 'CANCELED']);
    expect((await failureOf(readBytes(source, 0, 1))).code).toBe('CANCELED');
  });
});
