import { describe, expect, it } from 'vitest';
import { GIB, MIB } from '../../../../src/model/units.js';
import { estimatePlan } from '../../../../src/planning/estimate/index.js';
import type { TargetFacts } from '../../../../src/planning/migration-file/schema.js';
import { qcow2FileBytes, qcow2Layout } from '../../../../src/qcow2/index.js';
import { testDisk, testMachine, testPlanned } from '../../../support/machines.js';
import { limits, moved, oneWave } from './scenario.js';

const target: TargetFacts = {
  storage: [
    { name: 'nfs', freeGiB: 100, provisioning: 'thin', format: 'vhd' },
    { name: 'lvm', freeGiB: 1.5, provisioning: 'thick', format: 'vhd' },
    { name: 'raw', freeGiB: 0, provisioning: 'thin', format: 'raw' },
    { name: 'large', freeGiB: 0, provisioning: 'thin', format: 'qcow2' },
  ],
};
const needs = (storage: string | undefined, mib = 1000) => {
  const machine = moved('a', 'h1', [storage === undefined ? { mib } : { mib, storage }]);
  return estimatePlan(oneWave([machine], { target })).storage;
};

describe('the storage a plan needs', () => {
  // 2000 MiB are 1000 blocks. A VHD's first block stands at 8 KiB: 1536 bytes, a table of 4096 (1000 entries rounded up
  // to a sector), 512 of the batmap's header, 512 of batmap, all rounded up to 4 KiB; 512 bytes of footer end the file.
  it('is data and the format’s own on a thin repository', () => {
    const bytes = 8192 + 500 * (2 * MIB + 4096) + 512;
    expect(needs('nfs')).toEqual([{ storage: 'nfs', bytes, freeBytes: 100 * GIB }]);
    expect(needs('unheard of')).toEqual([{ storage: 'unheard of', bytes, freeBytes: null }]);
  });

  it('is the whole capacity on a thick one', () => {
    const bytes = 8192 + 1000 * (2 * MIB + 4096) + 512;
    expect(needs('lvm')).toEqual([{ storage: 'lvm', bytes, freeBytes: 1.5 * GIB }]);
  });

  it('is the data alone on a raw one', () => {
    expect(needs('raw')).toMatchObject([{ bytes: 1000 * MIB }]);
  });

  it('is at least what a qcow2 takes at worst, and little more', () => {
    const mib = 40_000;
    // Blocks spread evenly: every part of the disk has a table.
    const blocks = Uint8Array.from({ length: mib }, (_, block) => (block + 1) % 2);
    const worst = qcow2FileBytes(qcow2Layout(2 * mib * MIB, blocks), blocks);
    const [{ bytes } = { bytes: 0 }] = needs('large', mib);
    expect(bytes).toBeGreaterThanOrEqual(worst);
    expect(bytes).toBeLessThan(worst + MIB);
  });

  it('is XVAs in the target folder', () => {
    // Each MiB has three tar records of 512 bytes beside it.
    const [{ storage, bytes } = { storage: '', bytes: 0 }] = needs(undefined);
    expect(storage).toBeNull();
    expect(bytes).toBeGreaterThanOrEqual(1000 * (MIB + 1536) + 1024);
    expect(bytes).toBeLessThan(1000 * (MIB + 1536) + MIB);
  });

  it('is told of disks that no VHD can hold', () => {
    const mib = 3000 * 1024;
    const [{ bytes } = { bytes: 0 }] = needs('nfs', mib);
    expect(bytes).toBeGreaterThan(mib * MIB);
  });

  it('beside the target has room for the largest machines in gzip that may meet', () => {
    const zipped = (name: string, gib: number) => {
      const location = { kind: 'files', parts: [], compression: 'gzip' } as const;
      const disks = [
        testDisk({ capacityBytes: gib * GIB, location }),
        testDisk({ capacityBytes: 500 * GIB }),
      ];
      return testPlanned(testMachine({ name, disks }));
    };
    const machines = [zipped('a', 10), zipped('b', 30), zipped('c', 20)];
    const staging = (machinesAtOnce: number) =>
      estimatePlan(oneWave(machines, { limits: limits({ machinesAtOnce }) })).stagingBytes;
    expect([staging(1), staging(2), staging(9)]).toEqual([30 * GIB, 50 * GIB, 60 * GIB]);
  });
});
