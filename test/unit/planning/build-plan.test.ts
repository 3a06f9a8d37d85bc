import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../src/model/inventory.js';
import { isBlocking, type Plan } from '../../../src/model/plan.js';
import type { Disk, DiskLocation, FileRange, VirtualMachine } from '../../../src/model/virtual-machine.js';
import { buildPlan } from '../../../src/planning/index.js';
import { testDisk, testMachine, testNic } from '../../support/machines.js';
import { planOptions } from '../../support/planning.js';
import { tempFiles } from '../../support/temp-files.js';
import { buildStreamOptimized, descriptorText } from '../vmdk-reader/vmdk-builder.js';

const { folder, put } = tempFiles();
const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

const location = at(
  put(
    'disk.vmdk',
    buildStreamOptimized({ capacitySectors: 8192, grains: new Map([[40, Buffer.alloc(65_536, 'x')]]) }).bytes,
  ),
);

function at(range: FileRange): DiskLocation {
  return { kind: 'files', parts: [{ range, name: 'disk.vmdk', expectedDigest: null }], compression: null };
}

const disk = (changes: Partial<Disk> = {}) => testDisk({ capacityBytes: 4 * MIB, location, ...changes });
const machine = (name: string, changes: Partial<VirtualMachine> = {}) =>
  testMachine({ name, disks: [disk()], ...changes });

async function plan(machines: VirtualMachine[], problems: Problem[] = []): Promise<Plan> {
  return await buildPlan({ machines, problems }, await planOptions(join(folder, 'out')));
}

const severities = (found: Plan['concerns']) => found.map(({ id, severity }) => `${id} ${severity}`);

describe('a plan', () => {
  it('counts the data that a disk’s tables tell of', async () => {
    const { machines, concerns } = await plan([machine('web')]);
    expect(machines).toMatchObject([{ output: 'web.xva', profile: { id: 'debian-12' }, dataBytes: 2 * MIB }]);
    expect(severities([...concerns, ...(machines[0]?.concerns ?? [])])).not.toContainEqual(
      expect.stringMatching(/warning|critical/),
    );
  });

  it.each<[string, Partial<VirtualMachine>, string[]]>([
    ['has no disk', { disks: [] }, ['PLAN_NO_DISKS critical']],
    [
      'has a disk no VHD can hold',
      { disks: [disk({ capacityBytes: 2041 * GIB })] },
      ['VHD_TOO_LARGE critical'],
    ],
    [
      'has four disks and no Xen drivers',
      { guestOs: 'winXPProGuest', disks: [disk(), disk(), disk(), disk()] },
      ['PLAN_TOO_MANY_DISKS warning'],
    ],
    ['has 255 disks', { disks: Array.from({ length: 255 }, () => disk()) }, ['PLAN_TOO_MANY_DISKS critical']],
    ['has six CPUs in sockets of four', { cpus: 6, coresPerSocket: 4 }, ['PLAN_CPU_TOPOLOGY warning']],
    ['boots with Secure Boot', { secureBoot: true }, ['PLAN_SECURE_BOOT warning']],
    [
      'has eight network cards, two with one MAC',
      {
        nics: ['01', '02', '03', '04', '05', '06', '07', '07'].map((end) =>
          testNic({ mac: `00:50:56:00:00:${end}` }),
        ),
      },
      ['PLAN_TOO_MANY_NICS warning', 'PLAN_DUPLICATE_MAC warning'],
    ],
  ])('says so when a machine %s', async (_, changes, expected) => {
    const { machines } = await plan([machine('odd', changes)]);
    expect(severities(machines[0]?.concerns ?? [])).toEqual(expect.arrayContaining(expected));
  });

  it('takes a disk of just the largest size', async () => {
    const { machines } = await plan([machine('big', { disks: [disk({ capacityBytes: 2040 * GIB })] })]);
    expect(machines[0]?.concerns.some(isBlocking)).toBe(false);
  });

  it('finds damage in the tables before anything is moved', async () => {
    const built = buildStreamOptimized({
      capacitySectors: 8192,
      grains: new Map([[40, Buffer.alloc(65_536, 'x')]]),
    });
    built.bytes.writeUInt32LE(0x7fff_ffff, built.tableOffset + 160);
    const { machines } = await plan([
      machine('bad', { disks: [disk({ location: at(put('bad.vmdk', built.bytes)) })] }),
    ]);
    expect(severities(machines[0]?.concerns ?? [])).toContain('VMDK_GRAIN_OUT_OF_RANGE critical');
  });

  it('names two machines with one MAC', async () => {
    const nics = [testNic()];
    const { machines } = await plan([machine('a', { nics }), machine('b', { nics })]);
    for (const [index, other] of [/\bb\b/, /\ba\b/].entries()) {
      expect(machines[index]?.concerns).toContainEqual(
        expect.objectContaining({ id: 'PLAN_DUPLICATE_MAC', message: expect.stringMatching(other) }),
      );
    }
  });

  it('of nothing is blocked', async () => {
    expect(severities((await plan([])).concerns)).toEqual(['PLAN_NO_MACHINES critical']);
  });

  it('keeps a descriptor that could not be read as a failure of its own, not as a block', async () => {
    const problem: Problem = {
      severity: 'critical',
      code: 'OVF_MALFORMED',
      message: 'bad',
      hint: 'again',
      file: 'x.ovf',
      line: 3,
      machineId: null,
    };
    const { unreadable, concerns } = await plan([machine('a')], [problem]);
    expect(unreadable).toEqual([problem]);
    expect(concerns.some(isBlocking)).toBe(false);
  });
});

describe('room on the target', () => {
  const sectors = 2 ** 35;
  const grain = { grainSectors: 4096, entriesPerTable: 65_536 };

  it('that surely is missing blocks the plan', async () => {
    // A table of 65,536 grains of 2 MiB that all claim to hold data: 128 GiB of them a table, by metadata alone.
    const built = buildStreamOptimized({ capacitySectors: sectors / 8, ...grain, grains: new Map() });
    for (let table = 0; table < 16; table++) {
      const at = built.tableOffset + table * (65_536 * 4 + 512);
      for (let entry = 0; entry < 65_536; entry++) built.bytes.writeUInt32LE(2, at + entry * 4);
    }
    const huge = machine('huge', { disks: [disk({ location: at(put('huge.vmdk', built.bytes)) })] });
    expect(severities((await plan([huge])).concerns)).toEqual(['TARGET_NO_SPACE critical']);
  });

  it('is not asked for the holes of a flat disk', async () => {
    const flat = put('huge-flat.vmdk', '');
    truncateSync(flat.path, 2 ** 40);
    const fd = openSync(flat.path, 'r+');
    writeSync(fd, 'x', 2 ** 39);
    closeSync(fd);
    const descriptor = put(
      'thick.vmdk',
      descriptorText('monolithicFlat', `RW ${2 ** 31} FLAT "huge-flat.vmdk" 0`),
    );
    const { machines, concerns } = await plan([
      machine('thick', { disks: [disk({ location: at(descriptor) })] }),
    ]);
    expect(machines).toMatchObject([{ dataBytes: 2 * MIB, certainBytes: 0 }]);
    expect(concerns).toEqual([]);
  });
});
