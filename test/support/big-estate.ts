import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { MIB } from '../../src/model/units.js';
import { buildStreamOptimized } from '../unit/vmdk-reader/vmdk-builder.js';
import { logText, noise } from './disk-maker.js';
import { writeExport, writeManifest } from './export-maker.js';

const GRAIN = 65_536;
/** Deflated once and used again and again: making the estate must not take longer than converting it. */
const POOL_SIZE = 64;
const RUN_GRAINS = 64;

export interface BigMachine {
  readonly name: string;
  /** Guest data of each disk, in bytes; its capacity is a quarter more. */
  readonly disks: readonly number[];
}

/**
 * Writes one OVF folder a machine, with streamOptimized disks as ESXi writes them. Every grain is one of a pool of
 * incompressible and of text grains, in an order that no two disks share, so that no two blocks are alike.
 */
export async function writeBigEstate(folder: string, machines: readonly BigMachine[]): Promise<void> {
  const pool = Array.from({ length: POOL_SIZE }, (_, index) => ({
    stored: deflateSync(index % 2 === 0 ? noise(index, GRAIN) : logText(index, GRAIN), { level: 1 }),
  }));
  let seed = 1;
  for (const { name, disks } of machines) {
    const at = join(folder, name);
    const files = disks.map((dataBytes, index) => ({
      href: `${name}-disk${index + 1}.vmdk`,
      dataBytes,
      capacityBytes: Math.ceil((dataBytes * 1.25) / MIB) * MIB,
    }));
    await writeExport(at, name, files);
    for (const { href, dataBytes, capacityBytes } of files) {
      const grains = new Map(shuffledGrains(seed++, dataBytes / GRAIN, capacityBytes / GRAIN, pool));
      const { bytes } = buildStreamOptimized({ capacitySectors: capacityBytes / 512, grains });
      await writeFile(join(at, href), bytes);
    }
    await writeManifest(
      at,
      name,
      files.map(({ href }) => href),
    );
  }
}

/** `count` grains spread over `all` in runs of 4 MiB, with holes between. */
function* shuffledGrains<T>(
  seed: number,
  count: number,
  all: number,
  pool: readonly T[],
): Generator<[number, T]> {
  const choices = noise(1000 + seed, count);
  for (let index = 0; index < count; index++) {
    const content = pool[(choices[index] ?? 0) % pool.length];
    const run = Math.floor((Math.floor(index / RUN_GRAINS) * all) / count);
    if (content !== undefined) yield [run * RUN_GRAINS + (index % RUN_GRAINS), content];
  }
}
