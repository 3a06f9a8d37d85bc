import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { convertToXva, writeQcow2, writeRaw, writeVhd } from '../../../src/conversion/index.js';
import { fileImage, type ImageSource, type MadeDisk } from '../../../src/images/index.js';
import { PartialFile } from '../../../src/io/partial-file.js';
import { BLOCK_BYTES, blockCount } from '../../../src/model/units.js';
import { WorkerThreadsPool } from '../../../src/worker-threads-pool/index.js';
import { encodeOvaXml, indexXvaDisks, type XvaObject } from '../../../src/xva/index.js';
import { noise } from '../../support/disk-maker.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();
const pool = new WorkerThreadsPool(2);
afterAll(() => pool.close());

/** What a block holds: 0 for zeros, -1 for zeros in its first half alone, else a seed. */
type Block = number;

interface Disk {
  readonly before: readonly Block[];
  readonly after: readonly Block[];
  readonly changed: readonly boolean[];
  /** Bytes that the last block lacks. */
  readonly cut: number;
}

const BLOCK = fc.integer({ min: -1, max: 3 });
const DISK: fc.Arbitrary<Disk> = fc
  .record({
    blocks: fc.array(fc.record({ before: BLOCK, after: BLOCK, changed: fc.boolean() }), {
      minLength: 1,
      maxLength: 6,
    }),
    cut: fc.constantFrom(0, 512, 1024 * 1024 + 512),
  })
  .map(({ blocks, cut }) => ({
    before: blocks.map(({ before }) => before),
    after: blocks.map(({ before, after, changed }) => (changed ? after : before)),
    changed: blocks.map(({ changed }) => changed),
    cut,
  }));

function content(blocks: readonly Block[], cut: number): Buffer {
  const bytes = Buffer.concat(
    blocks.map((block) => {
      if (block === 0) return Buffer.alloc(BLOCK_BYTES);
      const half = Buffer.alloc(BLOCK_BYTES / 2);
      return block === -1 ? Buffer.concat([half, noise(9, half.length)]) : noise(block, BLOCK_BYTES);
    }),
  );
  return bytes.subarray(0, bytes.length - cut);
}

function rawImage(path: string, bytes: Buffer): ImageSource {
  writeFileSync(path, bytes);
  return fileImage('raw', path, bytes.length);
}

interface Kind {
  readonly kind: string;
  /** Writes all disks; their files. */
  readonly write: (into: string, images: readonly ImageSource[]) => Promise<string[]>;
  readonly madeDisks: (files: readonly string[]) => Promise<MadeDisk[]>;
}

const WRITERS = { vhd: writeVhd, qcow2: writeQcow2, raw: writeRaw } as const;

async function conversionOf(image: ImageSource) {
  const capacityBytes = image.location.kind === 'files' ? (image.location.ranges[0]?.length ?? 0) : 0;
  const allocated = new Uint8Array(blockCount(capacityBytes)).fill(1);
  return { pool, source: image, capacityBytes, allocated, threads: 2, digest: 'xxh64' as const };
}

function fileKind(format: keyof typeof WRITERS): Kind {
  return {
    kind: format,
    write: async (into, images) => {
      const files: string[] = [];
      for (const [index, image] of images.entries()) {
        const path = join(into, `disk${index}.${format}`);
        const partial = await PartialFile.open(path, false);
        await WRITERS[format](await conversionOf(image), partial);
        await partial.publish();
        files.push(path);
      }
      return files;
    },
    madeDisks: async (files) =>
      files.map((path) => {
        const { format: kept, location } = fileImage(format, path, readFileSync(path).length);
        return { kind: 'image', format: kept, location };
      }),
  };
}

const XVA: Kind = {
  kind: 'xva',
  write: async (into, images) => {
    const path = join(into, 'machine.xva');
    const conversions = await Promise.all(images.map(conversionOf));
    const disks = conversions.map((disk, index) => ({ ...disk, diskId: `Ref:${index + 1}` }));
    const partial = await PartialFile.open(path, false);
    const ovaXml = ovaXmlOf(conversions.map(({ allocated }) => allocated.length * BLOCK_BYTES));
    await convertToXva({ pool, ovaXml, disks, checksum: 'xxhash', digest: 'xxh64', threads: 2 }, partial);
    await partial.publish();
    return [path];
  },
  madeDisks: async ([path = '']) => await indexXvaDisks(path, new AbortController().signal),
};

/** As much of a description as tells the disks. */
function ovaXmlOf(sizes: readonly number[]): string {
  const objects = sizes.flatMap((bytes, index): XvaObject[] => [
    { class: 'VBD', id: `Ref:9${index}`, snapshot: { VDI: `Ref:${index + 1}`, type: 'Disk' } },
    { class: 'VDI', id: `Ref:${index + 1}`, snapshot: { virtual_size: String(bytes) } },
  ]);
  return encodeOvaXml(objects);
}

describe.each([fileKind('vhd'), fileKind('qcow2'), fileKind('raw'), XVA])('a patched $kind', (kind) => {
  it('is what a fresh conversion gives, and nothing but the changed blocks is the source’s', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(DISK, { minLength: 1, maxLength: 2 }), async (disks) => {
        const own = mkdtempSync(join(folder, 'case-'));
        const [old, fresh, patched] = ['old', 'fresh', 'patched'].map((name) => {
          mkdirSync(join(own, name));
          return join(own, name);
        }) as [string, string, string];
        const images = (name: string, of: (disk: Disk) => Buffer) =>
          disks.map((disk, index) => rawImage(join(own, `${name}${index}.raw`), of(disk)));
        const made = await kind.madeDisks(
          await kind.write(
            old,
            images('before', ({ before, cut }) => content(before, cut)),
          ),
        );
        const expected = await kind.write(
          fresh,
          images('after', ({ after, cut }) => content(after, cut)),
        );
        // What is not changed is noise of its own in the source: it must not be looked at.
        const sources = images('source', ({ after, changed, cut }) =>
          content(
            after.map((block, index) => (changed[index] ? block : 7)),
            cut,
          ),
        );
        const found = await kind.write(
          patched,
          sources.map((source, index) => {
            const disk = made[index];
            if (disk === undefined) throw new Error('no disk');
            const changed = Uint8Array.from(disks[index]?.changed ?? [], Number);
            return { ...source, made: { disk, changed } };
          }),
        );
        for (const [index, path] of found.entries()) {
          expect(readFileSync(path).equals(readFileSync(expected[index] ?? ''))).toBe(true);
        }
      }),
      { numRuns: 8 },
    );
  });
});
