import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { allocatedBlocks } from '../../../src/disk-image/index.js';
import { openImage, readImageInfo } from '../../../src/images/index.js';
import { BLOCK_BYTES, MIB } from '../../../src/model/units.js';
import { selfSigned } from '../../support/certificate.js';
import { makeMixedRaw, makeVmdk, SUBFORMATS } from '../../support/disk-maker.js';
import { readWhole } from '../../support/disk-reader.js';
import { failureOf } from '../../support/failure.js';
import { qemuNbd } from '../../support/nbd-server.js';
import { serveFiles, webServer } from '../../support/range-server.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const RAW = join(folder, 'disk.raw');
const CAPACITY = 40 * MIB;
const files = new Map<string, Buffer>();
let content: Buffer;

beforeAll(async () => {
  await makeMixedRaw(RAW, CAPACITY);
  content = readFileSync(RAW);
  for (const subformat of SUBFORMATS) await makeVmdk(RAW, join(folder, `${subformat}.vmdk`), subformat);
  for (const name of readdirSync(folder)) files.set(name, readFileSync(join(folder, name)));
});

/** Blocks of the raw disk that hold anything. */
function dataBlocks(): number[] {
  const zeros = Buffer.alloc(BLOCK_BYTES);
  return Array.from({ length: CAPACITY / BLOCK_BYTES }, (_, block) => block).filter(
    (block) => !content.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES).equals(zeros),
  );
}

function blocksOf(allocated: Uint8Array): number[] {
  return [...allocated.keys()].filter((block) => allocated[block] === 1);
}

describe('a VMDK on a web server', () => {
  it.each(SUBFORMATS)('of the kind %s reads as the disk', async (subformat) => {
    const { origin } = await webServer(serveFiles(files));
    const url = `${origin}/export/${subformat}.vmdk`;
    const image = await openImage({ format: 'vmdk', location: { kind: 'http', url } });
    expect(image.format).toBe(subformat);
    expect(image.files.every((file) => file.startsWith(`${origin}/export/`))).toBe(true);
    expect((await readWhole(image)).equals(content)).toBe(true);
  });

  it('is surveyed with a handful of requests, and its holes are known', async () => {
    const { origin, requests } = await webServer(serveFiles(files));
    const url = `${origin}/streamOptimized.vmdk`;
    const image = await openImage({ format: 'vmdk', location: { kind: 'http', url } });
    expect(blocksOf(await allocatedBlocks(image))).toEqual(dataBlocks());
    // To open it, the header with the descriptor, the footer with the directory, and a grain table in between.
    expect(requests.length).toBeLessThanOrEqual(4);
    image.close();
  });

  it('of several files asks for all of them with the query and the credentials of the first', async () => {
    const { origin, requests } = await webServer(serveFiles(files));
    const url = `${origin.replace('//', '//user:s3cret@')}/export/monolithicFlat.vmdk?signature=abc`;
    const info = await readImageInfo({ format: 'vmdk', location: { kind: 'http', url } });
    expect(info.files).toEqual([
      `${origin}/export/monolithicFlat.vmdk`,
      `${origin}/export/monolithicFlat-flat.vmdk`,
    ]);
    expect(new Set(requests.map((request) => request.url))).toEqual(
      new Set([
        '/export/monolithicFlat.vmdk?signature=abc',
        '/export/monolithicFlat-flat.vmdk?signature=abc',
      ]),
    );
    expect(requests.every(({ authorization }) => authorization !== undefined)).toBe(true);
  });

  it('is read from a server that is trusted by its fingerprint', async () => {
    const tls = selfSigned();
    const { origin } = await webServer(serveFiles(files), tls);
    const url = `${origin}/twoGbMaxExtentFlat.vmdk`;
    const image = await openImage({
      format: 'vmdk',
      location: { kind: 'http', url, tlsFingerprint: tls.fingerprint },
    });
    expect((await readWhole(image)).equals(content)).toBe(true);
  });

  it('whose extent is missing says which', async () => {
    const lone = new Map([...files].filter(([name]) => name === 'monolithicFlat.vmdk'));
    const { origin } = await webServer(serveFiles(lone));
    const url = `${origin.replace('//', '//user:s3cret@')}/monolithicFlat.vmdk`;
    const failure = await failureOf(openImage({ format: 'vmdk', location: { kind: 'http', url } }));
    expect(failure.code).toBe('VMDK_EXTENT_MISSING');
    expect(failure.message).toContain('monolithicFlat-flat.vmdk');
    expect(`${failure.stack}${JSON.stringify(failure)}`).not.toContain('s3cret');
  });

  it.each(['../secret.vmdk', 'http://elsewhere/x.vmdk', '/etc/passwd'])('never leads to %s', async (name) => {
    const descriptor = `# Disk DescriptorFile
version=1
CID=fffffffe
parentCID=ffffffff
createType="monolithicFlat"
RW 8192 FLAT "${name}" 0
`;
    const { origin, requests } = await webServer(serveFiles(new Map([['d.vmdk', Buffer.from(descriptor)]])));
    const url = `${origin}/folder/d.vmdk`;
    const failure = await failureOf(openImage({ format: 'vmdk', location: { kind: 'http', url } }));
    expect(failure.code).toBe('OVF_UNSAFE_PATH');
    expect(new Set(requests.map((request) => request.url))).toEqual(new Set(['/folder/d.vmdk']));
  });
});

describe('a raw disk on a web server', () => {
  it('reads as it is; all of it may be data', async () => {
    const { origin } = await webServer(serveFiles(files));
    const image = await openImage({ format: 'raw', location: { kind: 'http', url: `${origin}/disk.raw` } });
    expect(blocksOf(await allocatedBlocks(image))).toHaveLength(CAPACITY / BLOCK_BYTES);
    expect((await readWhole(image)).equals(content)).toBe(true);
  });
});

describe('an image behind an NBD server', () => {
  it('reads as the disk, and its holes are known', async () => {
    const qcow2 = join(folder, 'disk.qcow2');
    execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', RAW, qcow2]);
    const uri = await qemuNbd(qcow2, 'qcow2', join(folder, 'socket'));
    const image = await openImage({ format: 'raw', location: { kind: 'nbd', uri } });
    expect(image.files).toEqual([uri]);
    expect(blocksOf(await allocatedBlocks(image))).toEqual(dataBlocks());
    expect((await readWhole(image)).equals(content)).toBe(true);
  });

  it('may be a VMDK as it stands, but not one of several files', async () => {
    const sparse = await qemuNbd(join(folder, 'monolithicSparse.vmdk'), 'raw', join(folder, 'sparse'));
    const image = await openImage({ format: 'vmdk', location: { kind: 'nbd', uri: sparse } });
    expect((await readWhole(image)).equals(content)).toBe(true);
    const flat = await qemuNbd(join(folder, 'monolithicFlat.vmdk'), 'raw', join(folder, 'flat'));
    const failure = await failureOf(openImage({ format: 'vmdk', location: { kind: 'nbd', uri: flat } }));
    expect(failure.code).toBe('VMDK_EXTENT_MISSING');
  });
});
