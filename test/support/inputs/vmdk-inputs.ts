import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MIB } from '../../../src/model/units.js';
import { buildCowd } from '../../unit/vmdk-reader/cowd-builder.js';
import { buildDescriptor } from '../../unit/vmdk-reader/descriptor-builder.js';
import { buildSesparse } from '../../unit/vmdk-reader/sesparse-builder.js';
import { buildSparse } from '../../unit/vmdk-reader/sparse-builder.js';
import { buildStreamOptimized } from '../../unit/vmdk-reader/vmdk-builder.js';
import { makeVmdk, SUBFORMATS } from '../disk-maker.js';
import { changedGrains, dataGrains, qemuConvert, withZeros } from './grains.js';
import type { Guest, InputKind } from './input-kind.js';

const SECTOR = 512;
/** Of hosted and streamOptimized disks. */
const GRAIN = 65_536;
const SESPARSE_GRAIN = 4096;

/** What a snapshot says of its parent. */
const ON_BASE = { parentCid: 'aaaaaaaa', parent: 'base.vmdk' };

export const VMDK_INPUTS: readonly InputKind[] = [
  ...SUBFORMATS.map((subformat) => ({
    title: `${subformat} VMDK`,
    make: async (folder: string, { raw }: Guest) => {
      const vmdk = join(folder, 'disk.vmdk');
      await makeVmdk(raw, vmdk, subformat);
      return vmdk;
    },
  })),
  {
    title: 'streamOptimized VMDK with its directory at the end',
    make: (folder, guest) => makeStream(folder, guest, true),
  },
  {
    title: 'streamOptimized VMDK without markers',
    make: (folder, guest) => makeStream(folder, guest, false),
  },
  {
    title: 'VMDK with zeroed grains',
    make: (folder, { raw }) =>
      qemuConvert(raw, join(folder, 'disk.vmdk'), 'vmdk', 'subformat=monolithicSparse,zeroed_grain=on'),
  },
  ...['vmfs', 'vmfsThin'].map((createType) => ({
    title: `${createType} VMDK`,
    make: (folder: string, { raw, content }: Guest) => makeFlat(folder, 'disk', { raw, content }, createType),
  })),
  {
    title: 'COWD',
    make: async (folder, { content }) => {
      await writeFile(join(folder, 'disk-delta.vmdk'), cowdOf(content, dataGrains(content, SECTOR)));
      return await putDescriptor(folder, 'vmfsSparse', [
        `RW ${sectorsOf(content)} VMFSSPARSE "disk-delta.vmdk"`,
      ]);
    },
  },
  {
    title: 'SESparse VMDK',
    make: async (folder, { content }) => {
      await writeFile(join(folder, 'disk-se.vmdk'), sesparseOf(content, dataGrains(content, SESPARSE_GRAIN)));
      return await putDescriptor(folder, 'seSparse', [`RW ${sectorsOf(content)} SESPARSE "disk-se.vmdk"`]);
    },
  },
  { title: 'VMDK of FLAT, ZERO and SPARSE extents', make: makeMixedExtents },
  {
    title: 'snapshot in hosted sparse on a flat VMDK',
    make: async (folder, guest) => {
      await makeBase(folder, guest);
      const { before, content } = guest;
      const { bytes } = buildSparse({
        capacitySectors: sectorsOf(content),
        grains: withZeros(changedGrains(before, content, GRAIN)),
      });
      await writeFile(join(folder, 'disk-s001.vmdk'), bytes);
      const extent = `RW ${sectorsOf(content)} SPARSE "disk-s001.vmdk"`;
      return await putDescriptor(folder, 'twoGbMaxExtentSparse', [extent], ON_BASE);
    },
  },
  { title: 'snapshot in COWD on a flat VMDK', make: makeCowdSnapshot },
  {
    title: 'snapshot in SESparse on a flat VMDK',
    make: async (folder, guest) => {
      await makeBase(folder, guest);
      const { before, content } = guest;
      const bytes = sesparseOf(content, withZeros(changedGrains(before, content, SESPARSE_GRAIN)));
      await writeFile(join(folder, 'disk-000001-sesparse.vmdk'), bytes);
      const extent = `RW ${sectorsOf(content)} SESPARSE "disk-000001-sesparse.vmdk"`;
      return await putDescriptor(folder, 'seSparse', [extent], ON_BASE);
    },
  },
];

/** The earlier state as a flat disk `base.vmdk`, the present one as a snapshot of it; as ESXi leaves them. */
export async function makeCowdSnapshot(folder: string, guest: Guest): Promise<string> {
  await makeBase(folder, guest);
  const { before, content } = guest;
  await writeFile(join(folder, 'disk-delta.vmdk'), cowdOf(content, changedGrains(before, content, SECTOR)));
  const extent = `RW ${sectorsOf(content)} VMFSSPARSE "disk-delta.vmdk"`;
  return await putDescriptor(folder, 'vmfsSparse', [extent], ON_BASE);
}

async function makeBase(folder: string, { beforeRaw, before }: Guest): Promise<void> {
  await makeFlat(folder, 'base', { raw: beforeRaw, content: before }, 'vmfs');
}

async function makeStream(folder: string, { content }: Guest, markers: boolean): Promise<string> {
  const grains = dataGrains(content, GRAIN);
  const vmdk = join(folder, 'disk.vmdk');
  const { bytes } = buildStreamOptimized({ capacitySectors: sectorsOf(content), grains, markers });
  await writeFile(vmdk, bytes);
  return vmdk;
}

async function makeFlat(
  folder: string,
  name: string,
  { raw, content }: Pick<Guest, 'raw' | 'content'>,
  createType: string,
): Promise<string> {
  await copyFile(raw, join(folder, `${name}-flat.vmdk`));
  const vmdk = join(folder, `${name}.vmdk`);
  const extents = [`RW ${sectorsOf(content)} VMFS "${name}-flat.vmdk"`];
  await writeFile(vmdk, buildDescriptor({ createType, cid: 'aaaaaaaa', extents }));
  return vmdk;
}

/** Flat from the middle of a file up to 13 MiB, zeros up to 16 MiB, sparse up to the end. */
async function makeMixedExtents(folder: string, { content }: Guest): Promise<string> {
  const [flat, sparse] = [content.subarray(0, 13 * MIB), content.subarray(16 * MIB)];
  await writeFile(join(folder, 'disk-f1.vmdk'), Buffer.concat([Buffer.alloc(MIB, 'of another disk '), flat]));
  const { bytes } = buildSparse({
    capacitySectors: sectorsOf(sparse),
    grains: dataGrains(sparse, GRAIN),
  });
  await writeFile(join(folder, 'disk-s3.vmdk'), bytes);
  return await putDescriptor(folder, 'custom', [
    `RW ${sectorsOf(flat)} FLAT "disk-f1.vmdk" ${MIB / SECTOR}`,
    `RW ${(3 * MIB) / SECTOR} ZERO`,
    `RW ${sectorsOf(sparse)} SPARSE "disk-s3.vmdk"`,
  ]);
}

async function putDescriptor(
  folder: string,
  createType: string,
  extents: readonly string[],
  parent: Partial<typeof ON_BASE> = {},
): Promise<string> {
  const vmdk = join(folder, 'disk.vmdk');
  await writeFile(vmdk, buildDescriptor({ createType, extents, ...parent }));
  return vmdk;
}

function cowdOf(content: Buffer, grains: ReadonlyMap<number, Buffer>): Buffer {
  return buildCowd({ capacitySectors: sectorsOf(content), grains }).bytes;
}

function sesparseOf(content: Buffer, grains: ReadonlyMap<number, Buffer | 'zeros'>): Buffer {
  return buildSesparse({ capacitySectors: sectorsOf(content), grains }).bytes;
}

function sectorsOf(content: Buffer): number {
  return content.length / SECTOR;
}
