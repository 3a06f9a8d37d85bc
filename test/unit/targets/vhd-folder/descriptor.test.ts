import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PlannedMachine } from '../../../../src/model/plan.js';
import { BLOCK_BYTES, GIB, roundUp } from '../../../../src/model/units.js';
import { parseOvf } from '../../../../src/ovf-parser/index.js';
import { type DescribedFile, ovfDescriptor } from '../../../../src/targets/vhd-folder/index.js';
import { testDisk, testMachine, testNic, testPlanned, testProfile } from '../../../support/machines.js';
import { judgeOvfs } from '../../../support/oracles.js';
import { plannedMachines } from '../../../support/planned-machines.js';
import { tempFiles } from '../../../support/temp-files.js';

const { folder } = tempFiles();

function filesOf({ machine }: PlannedMachine): DescribedFile[] {
  return machine.disks.map((_, index) => ({
    name: `vm (1)-disk${index + 1}.vhd`,
    fileBytes: 4096 + index,
    dataBytes: 2048 * index,
  }));
}

function describeMachine(planned: PlannedMachine): string {
  return ovfDescriptor(planned, testProfile({ platform: { viridian: 'true' } }), filesOf(planned));
}

it('reads back as the machine it was written for, whatever its names', () => {
  fc.assert(
    fc.property(plannedMachines, (planned) => {
      const { machine, name } = planned;
      const { systems, findings } = parseOvf(Buffer.from(describeMachine(planned)), 'machine.ovf');
      expect(findings).toEqual([]);
      expect(systems).toHaveLength(1);
      const [system] = systems;
      expect(system).toMatchObject({
        name,
        cpus: machine.cpus,
        coresPerSocket: machine.coresPerSocket,
        memoryBytes: machine.memoryBytes,
        firmware: machine.firmware,
        secureBoot: machine.secureBoot,
        operatingSystem: { vmwareType: machine.guestOs },
        nics: machine.nics.map(({ network, mac, connected }) => ({ network, mac, connected })),
      });
      if (machine.uuid !== null) expect(system?.uuid).toBe(machine.uuid);
      expect(
        system?.drives.map(({ disk }) => [disk.file?.href, disk.file?.sizeBytes, disk.capacityBytes]),
      ).toEqual(
        machine.disks.map(({ capacityBytes }, index) => {
          const { name, fileBytes } = filesOf(planned)[index] ?? {};
          return [name, fileBytes, roundUp(capacityBytes, BLOCK_BYTES)];
        }),
      );
    }),
    { numRuns: 200 },
  );
});

it('is in order by another reader, and means the same to it', async () => {
  const machines = fc.sample(plannedMachines, 60);
  const paths = machines.map((planned, index) => {
    const path = join(folder, `${index}.ovf`);
    writeFileSync(path, describeMachine(planned));
    return path;
  });
  const verdicts = await judgeOvfs(paths);
  expect(verdicts).toHaveLength(machines.length);
  for (const [index, { machine, name }] of machines.entries()) {
    expect(verdicts[index]).toMatchObject({
      findings: [],
      name,
      cpus: machine.cpus,
      memoryMib: machine.memoryBytes / 2 ** 20,
      nics: machine.nics.map(({ network, mac }) => [network, mac]),
    });
    expect(verdicts[index]?.disks.map(({ file }) => file)).toEqual(
      machine.disks.map((_, disk) => `vm (1)-disk${disk + 1}.vhd`),
    );
  }
});

it('tells XenCenter firmware, platform, and the devices that an XVA gives', async () => {
  const machine = testMachine({
    firmware: 'efi',
    secureBoot: true,
    disks: Array.from({ length: 5 }, () => testDisk({ capacityBytes: GIB })),
    nics: [testNic({ network: 'LAN', mac: null })],
  });
  const path = join(folder, 'efi.ovf');
  writeFileSync(path, describeMachine(testPlanned(machine)));
  const [verdict] = await judgeOvfs([path]);
  expect(verdict?.xen).toMatchObject({
    HVM_boot_policy: 'BIOS order',
    HVM_boot_params: 'order=cdn;firmware=uefi',
    VM_has_vendor_device: 'false',
  });
  const platform = Object.fromEntries(
    (verdict?.xen.platform ?? '').split(';').map((pair) => pair.split('=')),
  );
  expect(platform).toMatchObject({ secureboot: 'true', viridian: 'true', 'cores-per-socket': '1' });
  expect(verdict?.disks.map(({ connection }) => connection)).toEqual([
    'device=0,bootable=true',
    ...[1, 2, 4, 5].map((device) => `device=${device},bootable=false`),
  ]);
  expect(verdict?.nics).toEqual([['LAN', null]]);
});
