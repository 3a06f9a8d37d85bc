import { describe, expect, it } from 'vitest';
import { Mappings } from '../../../../src/planning/mapping/map-machine.js';
import { usableName } from '../../../../src/planning/mapping/usable-name.js';
import { testDisk, testMachine, testNic } from '../../../support/machines.js';

const MACHINE = testMachine({
  name: 'web01',
  cpus: 6,
  coresPerSocket: 4,
  disks: [testDisk({ datastore: 'gold-1' }), testDisk({ datastore: 'other' })],
  nics: [testNic({ network: 'VM Network' }), testNic({ network: 'Backup', mac: '00:50:56:00:00:02' })],
});

describe('mappings', () => {
  const mappings = new Mappings({
    networks: [
      { from: 'vm*', to: 'LAN' },
      { from: '*', to: 'Rest' },
    ],
    storage: [{ from: 'gold*', to: 'SR gold' }],
    profiles: [{ from: 'debian*', to: 'debian-12' }],
  });

  it('take the first that fits', () => {
    expect(mappings.map(MACHINE, {})).toMatchObject({
      name: 'web01',
      profileId: 'debian-12',
      nics: [
        { network: 'LAN', mapped: true, mac: '00:50:56:00:00:01' },
        { network: 'Rest', mapped: true, mac: '00:50:56:00:00:02' },
      ],
      storages: ['SR gold', null],
    });
  });

  it('give way to what a machine has of its own', () => {
    const own = {
      targetName: 'shop',
      network: 'DMZ',
      nics: { '1': { network: 'Backup 2', mac: 'new' } },
      storage: 'SR a',
      disks: { '1': { storage: 'SR b' } },
      startOrder: 3,
      haPriority: 'restart' as const,
      gpuGroup: 'A40',
      pci: ['0000:04:00.0'],
      homeHost: 'xen1',
    };
    expect(mappings.map(MACHINE, own)).toMatchObject({
      name: 'shop',
      nics: [
        { network: 'DMZ', mac: '00:50:56:00:00:01' },
        { network: 'Backup 2', mac: null },
      ],
      storages: ['SR a', 'SR b'],
      startOrder: 3,
      haPriority: 'restart',
      gpuGroup: 'A40',
      pci: ['0000:04:00.0'],
      homeHost: 'xen1',
    });
  });

  it('drop a topology that does not come out even', () => {
    expect(mappings.map(MACHINE, {}).coresPerSocket).toBe(1);
    expect(mappings.map({ ...MACHINE, cpus: 8 }, {}).coresPerSocket).toBe(4);
  });
});

describe('a name at the target', () => {
  it.each([
    [' web\n01 ', 'web 01'],
    ['\u0000\u0007', 'machine'],
    ['', 'machine'],
    ['Büro 😀', 'Büro 😀'],
    ['😀'.repeat(300), '😀'.repeat(255)],
  ])('of %j is %j', (name, expected) => {
    expect(usableName(name)).toBe(expected);
  });
});
