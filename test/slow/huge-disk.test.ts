import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GIB, KIB, MIB, roundUp, SECTOR_BYTES } from '../../src/model/units.js';
import { vhdiMediaBytes } from '../support/oracles.js';
import { runMeasured } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';
import { descriptorText } from '../unit/vmdk-reader/vmdk-builder.js';

const { folder } = tempFiles();
const CAPACITY = 2040 * GIB;
const GRAIN = 64 * KIB;
const ENTRIES = 512;
const GRAINS_PER_BLOCK = (2 * MIB) / GRAIN;

/**
 * The largest disk a VHD can hold with every grain in its tables, 134 MB of them. The grains of each block are the
 * same 2 MiB of zeros, or the test would need 2 TB.
 */
async function buildFullDisk(path: string): Promise<void> {
  const tables = CAPACITY / GRAIN / ENTRIES;
  const descriptor = descriptorText('monolithicSparse', `RW ${CAPACITY / SECTOR_BYTES} SPARSE "full.vmdk"`);
  const directorySector = 1 + descriptor.length / SECTOR_BYTES;
  const firstTable = directorySector + (tables * 4) / SECTOR_BYTES;
  const tablesEnd = (firstTable + (tables * ENTRIES * 4) / SECTOR_BYTES) * SECTOR_BYTES;
  const firstGrain = roundUp(tablesEnd, GRAIN) / SECTOR_BYTES;

  const header = Buffer.alloc(SECTOR_BYTES);
  header.write('KDMV');
  header.writeUInt32LE(1, 4);
  header.writeUInt32LE(1, 8);
  header.writeBigUInt64LE(BigInt(CAPACITY / SECTOR_BYTES), 12);
  header.writeBigUInt64LE(BigInt(GRAIN / SECTOR_BYTES), 20);
  header.writeBigUInt64LE(1n, 28);
  header.writeBigUInt64LE(BigInt(descriptor.length / SECTOR_BYTES), 36);
  header.writeUInt32LE(ENTRIES, 44);
  header.writeBigUInt64LE(BigInt(directorySector), 56);
  header.writeBigUInt64LE(BigInt(firstGrain), 64);
  header.write('\n \r\n', 73, 'latin1');
  const directory = Buffer.alloc(tables * 4);
  for (let index = 0; index < tables; index++) {
    directory.writeUInt32LE(firstTable + (index * ENTRIES * 4) / SECTOR_BYTES, index * 4);
  }
  const table = Buffer.alloc(ENTRIES * 4);
  for (let entry = 0; entry < ENTRIES; entry++) {
    const grain = entry % GRAINS_PER_BLOCK;
    table.writeUInt32LE(firstGrain + (grain * GRAIN) / SECTOR_BYTES, entry * 4);
  }
  const file = createWriteStream(path);
  for (const part of [header, descriptor, directory]) file.write(part);
  for (let index = 0; index < tables; index++) if (!file.write(table)) await once(file, 'drain');
  file.end(Buffer.alloc(firstGrain * SECTOR_BYTES - tablesEnd + 2 * MIB));
  await once(file, 'close');
}

it('a full disk of 2040 GiB is converted in less than 128 MiB of memory', async () => {
  const vmdk = join(folder, 'full.vmdk');
  const vhd = join(folder, 'full.vhd');
  await buildFullDisk(vmdk);
  const { exitCode, stderr, peakMemoryBytes } = await runMeasured(
    ['convert', vmdk, vhd, '--workers', '2'],
    40 * 60_000,
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(await vhdiMediaBytes(vhd)).toBe(CAPACITY);
  console.log(`peak ${(peakMemoryBytes / MIB).toFixed(0)} MiB`);
  expect(peakMemoryBytes).toBeLessThan(128 * MIB);
}, 3_600_000);
