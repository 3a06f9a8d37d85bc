import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { REPORT, STATUS } from '../support/cli-documents.js';
import { contentOf } from '../support/content.js';
import { makeVmdk } from '../support/disk-maker.js';
import { expectErrorLines, expectNoStack } from '../support/error-lines.js';
import { writeExport } from '../support/export-maker.js';
import { visibleFiles } from '../support/file-facts.js';
import { makeGuest } from '../support/inputs/guest.js';
import type { Guest } from '../support/inputs/input-kind.js';
import { makeCowdSnapshot } from '../support/inputs/vmdk-inputs.js';
import { expectGoodXva, expectSameContent } from '../support/oracles.js';
import { type CliResult, runCli, runJson, startCli } from '../support/run-cli.js';
import { tempFiles } from '../support/temp-files.js';

const CHUNK = MIB;
/** A sector number no small file has. */
const FAR_SECTOR = 0x7fff_fff0;
const GOOD = ['both', 'chunked', 'gzip', 'mended', 'snapshot'];

const { folder } = tempFiles();
const source = join(folder, 'source');
const target = join(folder, 'out');
let guest: Guest;
let run: CliResult;
/** The largest that the unpacked bomb was ever seen. */
let bombBytes = 0;

beforeAll(async () => {
  guest = await makeGuest(folder);
  const streamed = join(folder, 'streamed.vmdk');
  await makeVmdk(guest.raw, streamed, 'streamOptimized');
  const disk = await readFile(streamed);
  const packed = gzipSync(disk);

  await exportDisk('gzip', 'ovf:compression="gzip"', packed);
  await exportDisk('chunked', `ovf:chunkSize="${CHUNK}"`, disk);
  await exportDisk('both', `ovf:compression="gzip" ovf:chunkSize="${CHUNK}"`, packed);
  await exportDisk('damaged', 'ovf:compression="gzip"', damaged(packed));
  await exportDisk('cut', 'ovf:compression="gzip"', packed.subarray(0, packed.length >> 1));
  // 4 GiB of zeros in members of 64 MiB each.
  const member = gzipSync(Buffer.alloc(64 * MIB));
  await exportDisk('bomb', 'ovf:compression="gzip"', Buffer.concat(Array.from({ length: 64 }, () => member)));
  await exportDisk('mended', '', await withDamagedDirectory());
  await writeVmx();

  const command = startCli(['run', source, '--target', target]);
  const unpacked = join(target, 'bomb.xva.partial.disk0');
  while (command.exitCode === null) {
    const size = await stat(unpacked).then(
      (stats) => stats.size,
      () => 0,
    );
    bombBytes = Math.max(bombBytes, size);
  }
  const { exitCode, stdout, stderr } = await command;
  run = { exitCode, stdout, stderr };
});

/** Writes the export of a machine; in chunks where `packing` says so. */
async function exportDisk(name: string, packing: string, bytes: Buffer): Promise<void> {
  const at = join(source, name);
  await writeExport(at, name, [{ href: 'disk', capacityBytes: guest.content.length, packing }]);
  if (!packing.includes('chunkSize')) return await writeFile(join(at, 'disk'), bytes);
  for (let chunk = 0; chunk * CHUNK < bytes.length; chunk++) {
    const suffix = String(chunk).padStart(9, '0');
    await writeFile(join(at, `disk.${suffix}`), bytes.subarray(chunk * CHUNK, (chunk + 1) * CHUNK));
  }
}

function damaged(packed: Buffer): Buffer {
  const bytes = Buffer.from(packed);
  bytes.fill(0x55, packed.length >> 1, (packed.length >> 1) + 64);
  return bytes;
}

/** A sparse disk whose directory leads nowhere; its copy is sound. */
async function withDamagedDirectory(): Promise<Buffer> {
  const sparse = join(folder, 'sparse.vmdk');
  await makeVmdk(guest.raw, sparse, 'monolithicSparse');
  const bytes = await readFile(sparse);
  bytes.writeUInt32LE(FAR_SECTOR, Number(bytes.readBigUInt64LE(56)) * 512);
  return bytes;
}

/** A machine that runs on a snapshot, as it lies in a datastore's folder. */
async function writeVmx(): Promise<void> {
  const at = join(source, 'snapshot');
  await mkdir(at, { recursive: true });
  await makeCowdSnapshot(at, guest);
  const settings = {
    displayName: 'snapshot',
    memSize: '512',
    'scsi0.present': 'TRUE',
    'scsi0:0.present': 'TRUE',
    'scsi0:0.fileName': 'disk.vmdk',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} = "${value}"\n`);
  await writeFile(join(at, 'snapshot.vmx'), lines.join(''));
}

describe('a run of packed, chained and damaged disks', () => {
  it('does what can be done and says what cannot', () => {
    expect(run.exitCode, run.stderr).toBe(4);
    expectNoStack(run.stderr);
    for (const name of ['damaged', 'cut', 'bomb']) {
      expectErrorLines(run.stderr, { code: 'GZIP_CORRUPT', names: [name] });
    }
  });

  it.each(GOOD)('makes a good machine of %s', async (name) => {
    const at = join(folder, `extracted-${name}`);
    await mkdir(at);
    const { disks } = await expectGoodXva(join(target, `${name}.xva`), { extractTo: at });
    await expectSameContent(
      { path: guest.raw, format: 'raw' },
      { path: disks[0]?.file ?? '', format: 'raw' },
    );
  });

  it('reports the same digest for all of them', async () => {
    const { digest } = await contentOf(guest.raw);
    const { machines } = REPORT.parse(JSON.parse(await readFile(join(target, 'report.json'), 'utf8')));
    const done = machines.filter(({ state }) => state === 'done');
    expect(done.map(({ name }) => name).sort()).toEqual(GOOD);
    for (const { disks } of done) expect(disks).toMatchObject([{ digest }]);
  });

  it('leaves nothing but finished machines', async () => {
    const outputs = GOOD.map((name) => `${name}.xva`);
    expect(await visibleFiles(target)).toEqual([...outputs, 'report.html', 'report.json'].sort());
  });

  it('stops unpacking a bomb when it is larger than its disk can be', () => {
    expect(bombBytes).toBeLessThan(128 * MIB);
  });

  it('goes on with the failed ones when their files are whole', async () => {
    for (const name of ['damaged', 'cut', 'bomb']) {
      await writeFile(join(source, name, 'disk'), await readFile(join(source, 'gzip', 'disk')));
    }
    expect(await runCli(['run', source, '--target', target])).toMatchObject({ exitCode: 0 });
    const { machines } = await runJson(['status', target], STATUS);
    expect(machines.every(({ state }) => state === 'done')).toBe(true);
  });
});

describe('the plan', () => {
  it('warns of tables that are read from their copies, and names the remedy', async () => {
    const { exitCode, stdout } = await runCli(['plan', join(source, 'mended'), '--target', target]);
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toMatch(/damaged grain/);
  });
});
