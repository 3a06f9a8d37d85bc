import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIB } from '../../src/model/units.js';
import { type Row, type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';
import { expectSameContent } from '../support/oracles.js';
import { planBatch, poolDestination, runPoolBatch } from '../support/pool-batch.js';
import { type SmallMachine, writeSmallEstate } from '../support/small-estate.js';
import { tempFiles } from '../support/temp-files.js';
import { POOL_CERTIFICATE } from '../support/xapi-caller.js';

const MACHINES = 100;
const { folder } = tempFiles();

let pool: SimulatedPool;
let machines: SmallMachine[];
let before: number;

beforeAll(async () => {
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    timings: { loginDelayMs: 0 },
    hosts: [{}, {}, {}],
    repositories: [
      { name: 'Shared storage', type: 'nfs', size: 2 ** 40, shared: true },
      { name: 'Local storage', type: 'ext', size: 2 ** 40, hosts: [1] },
      { name: 'Thick storage', type: 'lvm', size: 2 ** 40, hosts: [0, 2] },
    ],
    networks: ['Office LAN', 'DMZ', 'Backup'],
  });
  machines = await writeSmallEstate(join(folder, 'estate'), MACHINES);
  writeFileSync(join(folder, 'pool.secret'), 'simulated');
  before = pool.objects.all('VM').length;
}, 120_000);

afterAll(() => pool.close());

function found(name: string): Row {
  return pool.objects.named('VM', name);
}

function partsOf(className: string, vm: Row): Row[] {
  return pool.objects
    .all(className)
    .filter((part) => part.text('VM') === vm.ref)
    .sort((a, b) => Number(a.text(deviceOf(className))) - Number(b.text(deviceOf(className))));
}

function deviceOf(className: string): string {
  return className === 'VBD' ? 'userdevice' : 'device';
}

describe('a hundred machines into a pool of three hosts', () => {
  it('are all brought there by one run', async () => {
    const fingerprints = [POOL_CERTIFICATE.fingerprint];
    const plan = await planBatch({
      source: join(folder, 'estate'),
      target: join(folder, 'out'),
      destination: poolDestination(folder, { url: pool.url, fingerprints }),
      migration: {
        machines: Object.fromEntries(
          machines.map(({ name }, number) => [
            name,
            { storage: ['Shared storage', 'Local storage', 'Thick storage'][number % 3] },
          ]),
        ),
      },
    });
    expect(await runPoolBatch(plan)).toEqual({
      done: MACHINES,
      failed: 0,
      cancelled: 0,
      paused: 0,
      warnings: [],
    });
    expect(pool.objects.all('VM')).toHaveLength(before + MACHINES);
  }, 180_000);

  it('have all that their descriptors say', () => {
    for (const machine of machines) {
      const vm = found(machine.name);
      expect(vm.text('name_description')).toBe(machine.description);
      expect(vm.number('VCPUs_max')).toBe(machine.cpus);
      expect(vm.number('VCPUs_at_startup')).toBe(machine.cpus);
      expect(vm.map('platform')['cores-per-socket']).toBe(String(machine.coresPerSocket));
      for (const limit of ['static_max', 'dynamic_max', 'dynamic_min']) {
        expect(vm.number(`memory_${limit}`)).toBe(machine.memoryMib * MIB);
      }
      expect(vm.text('domain_type')).toBe('hvm');
      expect(vm.map('HVM_boot_params').firmware ?? 'bios').toBe(machine.firmware === 'efi' ? 'uefi' : 'bios');
      expect(vm.flag('has_vendor_device')).toBe(false);
      expect(vm.list('tags')).toContain('xenferry');
      const vifs = partsOf('VIF', vm);
      expect(vifs.map((vif) => vif.text('device'))).toEqual(machine.nics.map((_, index) => String(index)));
      expect(vifs.map((vif) => vif.text('MAC'))).toEqual(machine.nics.map(({ mac }) => mac));
      expect(vifs.map((vif) => vif.text('network'))).toEqual(
        machine.nics.map(({ network }) => pool.objects.named('network', network).ref),
      );
    }
  });

  it('have their disks in order, the drive for discs in place 3, and every byte', async () => {
    for (const machine of machines) {
      const vbds = partsOf('VBD', found(machine.name));
      const disks = vbds.filter((vbd) => vbd.text('type') === 'Disk');
      expect(disks.map((vbd) => vbd.text('userdevice'))).toEqual(
        machine.disks.map((_, index) => String(index)),
      );
      expect(vbds.find((vbd) => vbd.text('type') === 'CD')?.text('userdevice')).toBe('3');
      for (const [index, { raw, capacityBytes }] of machine.disks.entries()) {
        const vdi = disks[index]?.text('VDI') ?? '';
        const size = pool.objects.find('VDI', vdi)?.number('virtual_size') ?? 0;
        expect(size).toBe(Math.ceil(capacityBytes / (2 * MIB)) * 2 * MIB);
        await expectSameContent({ path: raw, format: 'raw' }, { path: pool.vdiFile(vdi), format: 'raw' });
      }
    }
  }, 180_000);

  it('are where the plan sends them', () => {
    for (const [number, { name }] of machines.entries()) {
      const repository = ['Shared storage', 'Local storage', 'Thick storage'][number % 3] ?? '';
      const wanted = pool.objects.named('SR', repository).ref;
      for (const vbd of partsOf('VBD', found(name))) {
        const vdi = pool.objects.find('VDI', vbd.text('VDI'));
        if (vdi !== undefined) expect(vdi.text('SR')).toBe(wanted);
      }
    }
  });

  it('leave nothing locked, nothing attached to a host, and no task', () => {
    for (const { name } of machines) expect(found(name).map('blocked_operations')).toEqual({});
    const disks = machines.reduce((sum, machine) => sum + machine.disks.length, 0);
    expect(pool.objects.all('VDI')).toHaveLength(disks);
    expect(pool.objects.all('VBD').filter((vbd) => vbd.flag('currently_attached'))).toEqual([]);
    expect(pool.objects.all('task').map((task) => [task.text('name_label'), task.text('status')])).toEqual(
      [],
    );
  });
});
