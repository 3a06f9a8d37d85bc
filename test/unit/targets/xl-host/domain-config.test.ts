import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Profile } from '../../../../src/guests/profiles/index.js';
import type { PlannedMachine } from '../../../../src/model/plan.js';
import { GIB, MIB } from '../../../../src/model/units.js';
import { xlConfig } from '../../../../src/targets/xl-host/index.js';
import { testDisk, testMachine, testNic, testPlanned, testProfile } from '../../../support/machines.js';
import { readXlConfigs, type XlConfigRead } from '../../../support/oracles.js';
import { anyName, plannedMachines } from '../../../support/planned-machines.js';
import { tempFiles } from '../../../support/temp-files.js';

const { folder } = tempFiles();
const FILES = { folder: '/srv/xl', format: 'raw', files: ['web-disk1.raw'] } as const;

async function read(texts: readonly string[]): Promise<XlConfigRead[]> {
  const paths = texts.map((text, index) => {
    const path = join(folder, `${index}.cfg`);
    writeFileSync(path, text);
    return path;
  });
  return await readXlConfigs(paths);
}

async function settingsOf(
  planned: PlannedMachine,
  profile: Profile = testProfile(),
): Promise<XlConfigRead['python']> {
  const [seen] = await read([xlConfig(planned, profile, FILES).text]);
  return seen?.python ?? {};
}

describe('whatever the names of machine, networks and folder', () => {
  const folders = anyName.map((name) => `/srv/${name.replaceAll('/', '')}`);
  const machines = fc.sample(fc.tuple(plannedMachines, folders), 80);

  it('Python and xl read what was meant, and nothing else', async () => {
    const texts = machines.map(([planned, folder]) => {
      const files = planned.machine.disks.map((_, index) => `vm-disk${index + 1}.qcow2`);
      return xlConfig(planned, testProfile(), { folder, format: 'qcow2', files }).text;
    });
    const seen = await read(texts);
    expect(seen).toHaveLength(machines.length);
    const known = Object.keys(await settingsOf(testPlanned()));
    for (const [index, [{ name, machine }, folder]] of machines.entries()) {
      const { python, xl } = seen[index] ?? { python: {}, xl: null };
      expect(Object.keys(python)).toEqual(known);
      expect(python).toMatchObject({
        name,
        vcpus: String(machine.cpus),
        memory: String(machine.memoryBytes / MIB),
        firmware: machine.firmware === 'efi' ? 'ovmf' : 'bios',
      });
      expect(python.vif).toHaveLength(machine.nics.length);
      for (const vif of python.vif ?? [])
        expect(vif).toMatch(/^mac=[0-9a-f:]{17},model=e1000(,bridge=[\w.-]{1,15})?$/);
      if (xl === null) continue;
      expect(xl.settings).toEqual(python);
      const disks = xl.disks.filter(({ cdrom }) => !cdrom);
      expect(disks).toEqual(
        machine.disks.map((_, disk) => ({
          target: `${folder}/vm-disk${disk + 1}.qcow2`,
          vdev: expect.stringMatching(/^xvd[a-z]{1,2}$/),
          format: 'qcow2',
          writable: true,
          cdrom: false,
        })),
      );
      expect(new Set(xl.disks.map(({ vdev }) => vdev)).size).toBe(xl.disks.length);
    }
  });
});

it('leaves the fourth device to an empty CD drive', async () => {
  const disks = Array.from({ length: 28 }, () => testDisk({ capacityBytes: GIB }));
  const planned = testPlanned(testMachine({ disks }));
  const files = disks.map((_, index) => `d${index}.vhd`);
  const { text } = xlConfig(planned, testProfile(), { folder: '/srv', format: 'vhd', files });
  const [seen] = await read([text]);
  const names = (seen?.python.disk as string[]).map((spec) => /vdev=(\w+)/.exec(spec)?.[1]);
  expect(names.slice(0, 4)).toEqual(['xvda', 'xvdb', 'xvdc', 'xvde']);
  expect(names.slice(-4)).toEqual(['xvdaa', 'xvdab', 'xvdac', 'xvdd']);
  expect(text).toContain('format=empty,vdev=xvdd,access=ro,devtype=cdrom');
});

it('puts cards on the bridge that the plan names, and tells of names that are none', async () => {
  const nics = [testNic(), testNic({ mac: '00:50:56:00:00:02' }), testNic({ mac: null })];
  const planned = testPlanned(testMachine({ nics }), {
    nics: ['br-lan', 'VM Network', 'a,script=/bin/sh'].map((network, index) => ({
      network,
      mapped: true,
      mac: nics[index]?.mac ?? null,
    })),
  });
  const { text, notes } = xlConfig(planned, testProfile(), FILES);
  const [seen] = await read([text]);
  expect(seen?.python.vif).toEqual([
    'mac=00:50:56:00:00:01,model=e1000,bridge=br-lan',
    'mac=00:50:56:00:00:02,model=e1000',
    expect.stringMatching(/^mac=[0-9a-f][26ae](:[0-9a-f]{2}){5},model=e1000$/),
  ]);
  expect(notes).toEqual([expect.stringContaining('VM Network'), expect.stringContaining('a,script=/bin/sh')]);
});

it('gives Windows its enlightenments and a clock in local time, others neither', async () => {
  const platform = { viridian: 'true', viridian_stimer: 'true', viridian_crash_ctl: 'false' };
  const windows = await settingsOf(testPlanned(), testProfile({ family: 'windows', platform }));
  expect(windows).toMatchObject({ viridian: ['base', 'stimer'], localtime: '1' });
  const linux = await settingsOf(testPlanned());
  expect(linux).not.toHaveProperty('viridian');
  expect(linux).not.toHaveProperty('localtime');
});

it('says what xl cannot do for a machine', () => {
  const machine = testMachine({
    firmware: 'efi',
    secureBoot: true,
    virtualTpm: true,
    cpus: 4,
    coresPerSocket: 2,
  });
  const { notes } = xlConfig(testPlanned(machine), testProfile(), FILES);
  expect(notes).toEqual([
    expect.stringContaining('2 cores a socket'),
    expect.stringContaining('Secure boot'),
    expect.stringContaining('TPM'),
  ]);
});

it('refuses a folder whose name would end the line', () => {
  expect(() => xlConfig(testPlanned(), testProfile(), { ...FILES, folder: '/srv/a\nb' })).toThrow(/line end/);
});
