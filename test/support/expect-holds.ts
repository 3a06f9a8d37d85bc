import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect } from 'vitest';
import { checkFile } from '../../src/coordinator/check-file.js';
import type { OutputFormat } from '../../src/coordinator/convert-file.js';
import { BLOCK_BYTES, roundUp } from '../../src/model/units.js';
import { expectGoodXva, expectSameContent, vhdiMediaBytes } from './oracles.js';

/** XCP-ng's importer reads whole clusters. */
const QCOW2_CLUSTER = 65_536;

/** An output and what it must hold. */
export interface Expectation {
  readonly output: string;
  readonly format: OutputFormat;
  /** A raw image of the disk; zeros at its end do not count. */
  readonly raw: string;
  /** Size of the input's disk; the raw image's when left out. */
  readonly capacityBytes?: number;
}

/** Fails unless `output` holds exactly what `raw` holds, by judges of other hands, and is good in every respect. */
export async function expectHolds(expectation: Expectation): Promise<void> {
  const { output, format, raw } = expectation;
  const capacityBytes = expectation.capacityBytes ?? (await stat(raw)).size;
  const source = { path: raw, format: 'raw' };
  switch (format) {
    case 'raw':
      expect((await stat(output)).size).toBe(capacityBytes);
      await expectSameContent(source, { path: output, format: 'raw' });
      return;
    case 'qcow2':
      await execa('qemu-img', ['check', '-f', 'qcow2', output]);
      await expectSameContent(source, { path: output, format: 'qcow2' });
      await expectGoodByOurs(output, 'qcow2', roundUp(capacityBytes, QCOW2_CLUSTER));
      return;
    case 'vhd':
    case 'fixed-vhd':
      expect(await vhdiMediaBytes(output)).toBe(vdiBytes(capacityBytes));
      await expectFooter(output, format === 'vhd' ? 3 : 2, vdiBytes(capacityBytes));
      await expectSameContent(source, { path: output, format: 'vpc' });
      await expectGoodByOurs(output, 'vhd', vdiBytes(capacityBytes));
      return;
    case 'xva':
      await expectXvaHolds(output, raw, vdiBytes(capacityBytes));
      await expectGoodByOurs(output, 'xva', vdiBytes(capacityBytes));
  }
}

/** What a disk of `bytes` is inside a VHD or VDI. */
function vdiBytes(bytes: number): number {
  return roundUp(bytes, BLOCK_BYTES);
}

async function expectXvaHolds(output: string, raw: string, virtualBytes: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'xenferry-extracted-'));
  try {
    const { disks } = await expectGoodXva(output, { extractTo: folder });
    expect(disks.map(({ virtualSize }) => virtualSize)).toEqual([virtualBytes]);
    await expectSameContent({ path: raw, format: 'raw' }, { path: disks[0]?.file ?? '', format: 'raw' });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** XenServer's tapdisk takes the size as it stands from VHDs of its own, and refuses a geometry above it. */
async function expectFooter(vhd: string, type: number, virtualBytes: number): Promise<void> {
  const file = await open(vhd, 'r');
  const footer = Buffer.alloc(512);
  await file.read(footer, 0, 512, (await file.stat()).size - 512);
  await file.close();
  expect(footer.toString('latin1', 0, 8)).toBe('conectix');
  expect(footer.toString('latin1', 28, 32)).toBe('tap\0');
  expect([footer.readBigUInt64BE(40), footer.readBigUInt64BE(48)]).toEqual([
    BigInt(virtualBytes),
    BigInt(virtualBytes),
  ]);
  const [cylinders, heads, sectors] = [footer.readUInt16BE(56), footer.readUInt8(58), footer.readUInt8(59)];
  const geometryBytes = cylinders * heads * sectors * 512;
  expect(geometryBytes).toBeLessThanOrEqual(virtualBytes);
  expect(virtualBytes - geometryBytes).toBeLessThan(heads * sectors * 512);
  expect(footer.readUInt32BE(60)).toBe(type);
}

/** `xenferry check` agrees. */
async function expectGoodByOurs(file: string, format: string, virtualBytes: number): Promise<void> {
  expect(await checkFile(file)).toEqual({ file, format, disks: [{ virtualBytes }], findings: [] });
}
