import { open } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { blockCount, GIB, MIB } from '../../../../src/model/units.js';
import {
  importMachine,
  releaseVm,
  removeOwned,
  resolvePool,
  SpaceReservations,
} from '../../../../src/targets/xapi-pool/index.js';
import type { PoolOptions } from '../../../simulators/xapi-pool/index.js';
import { failureOf } from '../../../support/failure.js';
import { CONTENTS, importMaker, storedDisks, WEB } from '../../../support/pool-import.js';
import { connected, POOL_PASSWORD, simulatedPool, tracesOf } from '../../../support/simulated-pool.js';
import { logIn, POOL_CERTIFICATE } from '../../../support/xapi-caller.js';

const importOf = importMaker(afterAll);

const LVM_VOLUMES: PoolOptions = {
  repositories: [{ name: 'Old', type: 'lvm', size: GIB, rawVolumes: true }],
};

describe('a machine that is imported', () => {
  it.each([
    ['chunked', {}],
    ['vhd', {}],
    ['qcow2', {}],
    // Its volumes begin with what was there before.
    ['chunked', LVM_VOLUMES],
    ['vhd', LVM_VOLUMES],
  ] as const)('has its disks in their order, byte for byte (%s, %#)', async (format, options) => {
    const pool = await simulatedPool(options);
    const work = await importOf(await connected(pool), { format });
    const { vm, readBackBytes } = await importMachine(work);
    const stored = storedDisks(pool, vm);
    for (const [index, content] of CONTENTS.entries()) {
      const disk = stored.get(String(index)) ?? Buffer.alloc(0);
      expect(disk.length).toBe(blockCount(content.length) * 2 * MIB);
      expect(disk.subarray(0, content.length).equals(content)).toBe(true);
      expect(disk.subarray(content.length).every((byte) => byte === 0)).toBe(true);
    }
    const vbds = pool.objects.all('VBD').filter((vbd) => vbd.text('VM') === vm);
    expect(vbds.map((vbd) => [vbd.text('userdevice'), vbd.text('type'), vbd.flag('bootable')])).toEqual([
      ['3', 'CD', false],
      ['0', 'Disk', true],
      ['1', 'Disk', false],
    ]);
    expect(readBackBytes).toBe(10 * MIB);
    expect(pool.objects.all('task')).toEqual([]);
  });

  it('is as planned, and starts no sooner than it is released', async () => {
    const pool = await simulatedPool({ networks: ['DMZ'], certificate: POOL_CERTIFICATE });
    pool.objects.named('network', 'DMZ').set({ MTU: 9000 });
    const [first, second] = WEB.nics;
    if (first === undefined || second === undefined) throw new Error('two cards');
    const planned = { ...WEB, nics: [{ ...first, network: 'DMZ' }, second] };
    const client = await connected(pool);
    const { vm, notes } = await importMachine(await importOf(client, {}, planned));
    const record = pool.objects.find('VM', vm);
    expect(record?.values).toMatchObject({
      name_label: 'web',
      name_description: 'Shop',
      domain_type: 'hvm',
      memory_static_max: WEB.machine.memoryBytes,
      memory_dynamic_min: WEB.machine.memoryBytes,
      VCPUs_max: 4,
      HVM_boot_policy: 'BIOS order',
      HVM_boot_params: { order: 'cdn', firmware: 'uefi' },
      has_vendor_device: false,
      order: 2,
      start_delay: 30,
      tags: ['xenferry', 'gold'],
    });
    expect(record?.map('platform')).toMatchObject({
      'device-model': 'qemu-upstream-uefi',
      secureboot: 'true',
      'cores-per-socket': '2',
      viridian: 'false',
    });
    expect(record?.map('other_config')).toMatchObject({
      folder: '/Shop/Front',
      'XenCenter.CustomFields.Owner': 'Ada',
      'xenferry:job': 'job-1',
    });
    const [card, made] = pool.objects.all('VIF');
    expect(card?.values).toMatchObject({ device: '0', MAC: '00:50:56:00:00:01', MTU: 9000 });
    expect(made?.text('device')).toBe('1');
    expect(made?.text('MAC')).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
    expect(pool.objects.all('VTPM')).toHaveLength(1);
    expect(notes.join()).toContain('TPM');
    const somebody = await logIn(pool.url, 'root', POOL_PASSWORD);
    await expect(somebody.call('VM.start', vm, false, false)).rejects.toThrow('OPERATION_BLOCKED');
    await releaseVm(client, vm);
    await somebody.call('VM.start', vm, false, false);
  });

  it('has the GPU, devices, host and priority of the plan', async () => {
    const pool = await simulatedPool({
      gpus: [{ group: 'A40', hosts: [0] }],
      hosts: [{ name: 'xen1' }, { name: 'xen2' }],
    });
    const own = { gpuGroup: 'A40', homeHost: 'xen2', haPriority: 'restart' as const };
    const planned = { ...WEB, ...own, pci: ['0000:04:00.0', '0000:04:00.1'] };
    const work = await importOf(await connected(pool), {}, planned);
    const { vm, notes } = await importMachine(work);
    const record = pool.objects.find('VM', vm);
    expect(record?.text('affinity')).toBe(pool.hosts[1]?.ref);
    expect(record?.text('ha_restart_priority')).toBe('restart');
    expect(record?.map('other_config').pci).toBe('0/0000:04:00.0,0/0000:04:00.1');
    const [gpu] = pool.objects.all('VGPU');
    expect(gpu?.values).toMatchObject({ VM: vm, type: 'OpaqueRef:NULL' });
    expect(notes.join()).not.toContain('left out');
  });

  it('is whole, and tells what is left out, when the user may do less', async () => {
    const pool = await simulatedPool({
      gpus: [{ group: 'A40', hosts: [0] }],
      users: [{ name: 'root', password: POOL_PASSWORD, role: 'vm-admin' }],
    });
    const planned = { ...WEB, gpuGroup: 'A40', haPriority: 'restart' as const, pci: ['0000:04:00.0'] };
    const work = await importOf(await connected(pool), {}, planned);
    const { vm, notes } = await importMachine(work);
    expect(storedDisks(pool, vm).size).toBe(2);
    // The plan knew it.
    const foreseen = resolvePool([planned], [], work.view).concerns.get(WEB.machine.id) ?? [];
    expect(foreseen.filter(({ id }) => id === 'POOL_ROLE_MISSING')).toHaveLength(4);
    expect(notes.filter((note) => note.includes('it takes the role'))).toEqual([
      'The start order is left out: it takes the role pool-operator.',
      'The restart priority is left out: it takes the role pool-operator.',
      'The GPU is left out: it takes the role pool-operator.',
      'The PCI device is left out: it takes the role pool-admin.',
    ]);
  });

  it('goes without a vTPM and a GPU where the licence has none', async () => {
    const pool = await simulatedPool({
      gpus: [{ group: 'A40', hosts: [0] }],
      restrictions: ['restrict_vtpm', 'restrict_gpu'],
    });
    const planned = { ...WEB, gpuGroup: 'A40' };
    const { notes } = await importMachine(await importOf(await connected(pool), {}, planned));
    expect(notes).toContain('The virtual TPM is left out: the pool has none.');
    expect(notes).toContain("The GPU is left out: the pool's licence lacks it.");
  });
});

describe('a disk that reads back wrong', () => {
  /** Waits until the disks are stored, then has the pool's own file of the larger one changed. */
  async function spoiled(place: number, readBack: 'all' | 'sampled' | 'none'): Promise<string[]> {
    const pool = await simulatedPool();
    const client = await connected(pool);
    const onStored = async () => {
      const large = pool.objects.all('VDI').find((vdi) => vdi.number('virtual_size') === 8 * MIB);
      await spoil(pool.vdiFile(large?.ref ?? ''), place);
    };
    const work = await importOf(client, { readBack, onStored });
    const outcome = await importMachine(work).then(
      () => 'imported',
      (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown'),
    );
    await pool.settled();
    return [outcome, ...tracesOf(pool)];
  }

  async function spoil(path: string, place: number): Promise<void> {
    const file = await open(path, 'r+');
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, place);
    await file.write(Buffer.of(buffer.readUInt8(0) ^ 1), 0, 1, place);
    await file.close();
  }

  it.each([
    [0, 'all'],
    [7 * MIB + 100, 'all'],
    [8 * MIB - 1, 'all'],
    [7 * MIB + 100, 'sampled'],
  ] as const)('by one bit at %i is found (%s), and nothing is left', async (place, readBack) => {
    expect(await spoiled(place, readBack)).toEqual(['VERIFY_MISMATCH']);
  });

  it('is not looked for where the operator does without', async () => {
    expect((await spoiled(0, 'none'))[0]).toBe('imported');
  });
});

describe('space in a repository', () => {
  const small: PoolOptions = { repositories: [{ name: 'Local', type: 'ext', size: 11 * MIB }] };

  it('is looked for before anything is made', async () => {
    const pool = await simulatedPool({ repositories: [{ name: 'Local', type: 'ext', size: 9 * MIB }] });
    const failure = await failureOf(importMachine(await importOf(await connected(pool))));
    expect(failure.code).toBe('POOL_NO_SPACE');
    expect(failure.message).toContain('Local has 9 MiB left');
    expect(pool.objects.all('VDI')).toEqual([]);
    expect(tracesOf(pool)).toEqual([]);
  });

  it('that another import still needs is not given twice, and free again after it', async () => {
    const pool = await simulatedPool(small);
    const client = await connected(pool);
    const reservations = new SpaceReservations();
    const first = importMachine(await importOf(client, { reservations }));
    const { spec, ...second } = await importOf(client, { reservations });
    const other = importMachine({ ...second, spec: { ...spec, jobId: 'job-2' } });
    expect((await failureOf(other)).code).toBe('POOL_NO_SPACE');
    await first;
    await removeOwned(client, new Set(['job-1']));
    await importMachine({ ...second, spec: { ...spec, jobId: 'job-3' } });
  });
});

describe('what a job made', () => {
  it('is removed, and nothing else: neither copies nor what others made', async () => {
    const pool = await simulatedPool({ certificate: POOL_CERTIFICATE });
    const client = await connected(pool);
    const { vm } = await importMachine(await importOf(client));
    await (await logIn(pool.url, 'root', POOL_PASSWORD)).call('VM.clone', vm, 'copy');
    const before = pool.objects.all('VDI').length;
    expect((await removeOwned(client, new Set(['job-2']))).removed).toEqual([]);
    const { removed, left } = await removeOwned(client, new Set(['job-1']));
    expect([removed.length, left]).toEqual([3, []]);
    expect(pool.objects.all('VM').filter((one) => one.text('name_label') === 'copy')).toHaveLength(1);
    expect(pool.objects.all('VDI')).toHaveLength(before - 2);
  });

  it('is left when it runs', async () => {
    const pool = await simulatedPool({ certificate: POOL_CERTIFICATE });
    const client = await connected(pool);
    const { vm } = await importMachine(await importOf(client));
    await releaseVm(client, vm);
    await (await logIn(pool.url, 'root', POOL_PASSWORD)).call('VM.start', vm, false, false);
    const { removed, left } = await removeOwned(client, new Set(['job-1']));
    expect(removed).toEqual([]);
    expect(left).toEqual([{ what: 'VM web', reason: 'it is running; shut it down and clean up again' }]);
    expect(pool.objects.all('VDI')).toHaveLength(2);
  });
});
