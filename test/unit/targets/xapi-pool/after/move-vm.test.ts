import { describe, expect, it, vi } from 'vitest';
import {
  type MovedVm,
  moveVm,
  readPool,
  removeOwned,
  type VmMove,
} from '../../../../../src/targets/xapi-pool/index.js';
import { NULL_REF } from '../../../../../src/xapi/index.js';
import type { Fault } from '../../../../simulators/xapi-pool/index.js';
import { failureOf } from '../../../../support/failure.js';
import {
  hungDisks,
  importedVm,
  JOB,
  LAN,
  type TestPool,
  type TestVm,
  testPool,
} from './pool-with-machines.js';

async function move(
  from: TestPool,
  { vm }: TestVm,
  repositories: readonly (string | null)[],
  changes: Partial<VmMove> = {},
): Promise<MovedVm> {
  const storage = repositories.map((name) => (name === null ? NULL_REF : from.named('SR', name)));
  const { signal } = new AbortController();
  const view = await readPool(from.client);
  const whole = { vm, storage, host: null, otherPool: null, jobId: JOB, signal, ...changes };
  return await moveVm(from.client, view, whole);
}

/** To the second of two pools, by the names of its repositories. */
async function send(
  from: TestPool,
  to: TestPool,
  machine: TestVm,
  repositories: readonly string[],
): Promise<MovedVm> {
  const view = await readPool(to.client);
  const otherPool = { client: to.client, view, networks: [to.named('network', LAN)] };
  return await move(from, machine, [], {
    otherPool,
    storage: repositories.map((name) => to.named('SR', name)),
  });
}

/** That a VM has the disks it had, that may be started, and that there are no others. */
function expectUntouched(from: TestPool, { vm, disks }: TestVm): void {
  const hung = hungDisks(from, vm);
  expect(hung.map(({ vdi }) => vdi)).toEqual(disks.map(({ vdi }) => vdi));
  expect(hung.every(({ content }, index) => disks[index]?.content.equals(content))).toBe(true);
  expect(from.pool.objects.all('VDI')).toHaveLength(disks.length);
  expect(from.pool.objects.find('VM', vm)?.map('blocked_operations')).toEqual({});
}

describe('a halted VM', () => {
  it('has its disks copied, in their places and with their marks', async () => {
    const from = await testPool();
    const machine = await importedVm(from, 'web', ['first', 'shared', 'first']);
    const { vm, notes } = await move(from, machine, ['shared', null, 'shared']);
    expect([vm, notes]).toEqual([machine.vm, []]);
    const hung = hungDisks(from, vm);
    expect(hung.map(({ userdevice, repository, bootable }) => [userdevice, repository, bootable])).toEqual([
      ['0', 'shared', true],
      ['1', 'shared', false],
      ['2', 'shared', false],
    ]);
    for (const [index, { content }] of machine.disks.entries()) {
      expect(hung[index]?.content.equals(content)).toBe(true);
    }
    expect(from.pool.objects.all('VDI')).toHaveLength(3);
    const row = from.pool.objects.find('VDI', hung[0]?.vdi ?? '');
    expect(row?.text('name_label')).toBe('web 0');
    expect(row?.map('other_config')).toEqual({
      note: 'kept',
      'xenferry:job': JOB,
      'xenferry:self': row?.text('uuid'),
    });
  });

  it('starts at home where it is sent to', async () => {
    const from = await testPool();
    const machine = await importedVm(from, 'web');
    const host = from.pool.hosts[1]?.ref ?? '';
    await move(from, machine, ['shared'], { host });
    expect(await from.root.text('VM.get_affinity', machine.vm)).toBe(host);
  });

  it('has moved even if its home is not set, for which a lesser user has no right', async () => {
    const from = await testPool();
    const machine = await importedVm(from, 'web');
    const denied = { kind: 'failure', code: 'RBAC_PERMISSION_DENIED', params: ['vm.set_affinity'] } as const;
    from.pool.faults.next('VM.set_affinity', denied);
    const { notes } = await move(from, machine, ['shared'], { host: from.pool.hosts[1]?.ref ?? '' });
    expect(notes).toEqual([expect.stringContaining('home host is not set')]);
    expect(hungDisks(from, machine.vm)[0]?.repository).toBe('shared');
  });

  it('cannot be started meanwhile, and keeps the locks that it had', async () => {
    const from = await testPool({ timings: { asyncMs: 100 } });
    const machine = await importedVm(from, 'web');
    await from.root.call('VM.set_blocked_operations', machine.vm, { start: 'not verified' });
    const moving = move(from, machine, ['shared']);
    const blocked = () => from.root.call('VM.get_blocked_operations', machine.vm);
    await expect.poll(blocked).toMatchObject({ start_on: expect.stringContaining('being moved') });
    await moving;
    expect(await blocked()).toEqual({ start: 'not verified' });
  });

  it('is left alone when all is where it belongs', async () => {
    const from = await testPool();
    const machine = await importedVm(from, 'web', ['shared']);
    await move(from, machine, ['shared']);
    expectUntouched(from, machine);
  });

  it.each<[string, string, Fault, string]>([
    ['VDI.create', 'is refused', { kind: 'failure', code: 'SR_BACKEND_FAILURE_44' }, 'POOL_NO_SPACE'],
    ['VDI.copy', 'fails', { kind: 'failure', code: 'VDI_COPY_FAILED' }, 'POOL_REFUSED'],
    ['VDI.copy', 'is lost sight of', { kind: 'task-lost' }, 'POOL_TASK_LOST'],
    ['VDI.copy', 'is cut off', { kind: 'cut' }, 'POOL_UNREACHABLE'],
  ])('keeps its disks when %s %s', async (method, _how, fault, code) => {
    const from = await testPool();
    const machine = await importedVm(from, 'web', ['first', 'first']);
    from.pool.faults.next(`Async.${method}`, fault);
    const failure = await failureOf(move(from, machine, ['shared', 'shared']));
    expect(failure.code).toBe(code);
    expectUntouched(from, machine);
  });

  it.each(['VBD.create', 'VBD.destroy'])('has its disks back when %s fails at the second', async (method) => {
    const from = await testPool();
    const machine = await importedVm(from, 'web', ['first', 'first']);
    let calls = 0;
    vi.spyOn(from.pool.faults, 'meet').mockImplementation((place) =>
      place === method && ++calls === 2 ? [{ kind: 'failure', code: 'OPERATION_NOT_ALLOWED' }] : [],
    );
    const failure = await failureOf(move(from, machine, ['shared', 'shared']));
    expect(failure.message).toContain('OPERATION_NOT_ALLOWED');
    expectUntouched(from, machine);
  });

  it('is told what to attach when even that fails, and loses nothing', async () => {
    const from = await testPool();
    const machine = await importedVm(from, 'web');
    from.pool.faults.next('VBD.create', { kind: 'failure', code: 'OPERATION_NOT_ALLOWED' }, 2);
    const failure = await failureOf(move(from, machine, ['shared']));
    const original = from.pool.objects.find('VDI', machine.disks[0]?.vdi ?? '');
    expect(failure.message).toContain(`attach the disk ${original?.text('uuid')} again, as device 0`);
  });

  it('does not begin without the space for all disks', async () => {
    const from = await testPool();
    const machine = await importedVm(from, 'web', ['first', 'first']);
    const failure = await failureOf(move(from, machine, ['shared', 'tiny']));
    expect(failure.code).toBe('POOL_NO_SPACE');
    expect(failure.message).toContain('tiny has 4 MiB free');
    expectUntouched(from, machine);
  });

  it.each([
    ['made', 100],
    ['filled', 320],
  ])('stays when it is canceled while the copy is %s', async (_step, milliseconds) => {
    const from = await testPool({ timings: { asyncMs: 200 } });
    const machine = await importedVm(from, 'web');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), milliseconds);
    const failure = await failureOf(move(from, machine, ['shared'], { signal: stop.signal }));
    expect(failure.code).toBe('CANCELED');
    await from.pool.settled();
    expectUntouched(from, machine);
  });

  it('says which disk it could not remove', async () => {
    const from = await testPool();
    const machine = await importedVm(from, 'web');
    from.pool.faults.next('Async.VDI.destroy', { kind: 'failure', code: 'SR_BACKEND_FAILURE_46' });
    const { notes } = await move(from, machine, ['shared']);
    expect(notes).toEqual([expect.stringContaining('The former disk web 0')]);
    expect((await removeOwned(from.client, new Set([JOB]))).removed).toContain('disk web 0');
  });
});

describe('a VM that runs', () => {
  async function running(from: TestPool, repositories?: readonly string[]): Promise<TestVm> {
    const machine = await importedVm(from, 'web', repositories);
    await from.root.call('VM.start_on', machine.vm, from.pool.hosts[0]?.ref, false, false);
    return machine;
  }

  it('has its disks moved under it, and they stay the job’s', async () => {
    const from = await testPool();
    const machine = await running(from, ['first', 'first']);
    await move(from, machine, ['shared', null]);
    const hung = hungDisks(from, machine.vm);
    expect(hung.map(({ repository }) => repository)).toEqual(['shared', 'first']);
    expect(hung[0]?.content.equals(machine.disks[0]?.content ?? Buffer.alloc(0))).toBe(true);
    expect(await from.root.text('VM.get_power_state', machine.vm)).toBe('Running');
    const row = from.pool.objects.find('VDI', hung[0]?.vdi ?? '');
    expect(row?.map('other_config')['xenferry:self']).toBe(row?.text('uuid'));
  });

  it('keeps what fails where it is, and says what has moved', async () => {
    const from = await testPool();
    const machine = await running(from, ['first', 'first']);
    const failure = await failureOf(move(from, machine, ['shared', 'tiny']));
    expect(failure.code).toBe('POOL_NO_SPACE');
    expect(failure.message).toContain('these have moved already: web 0');
    expect(hungDisks(from, machine.vm).map(({ repository }) => repository)).toEqual(['shared', 'first']);
    expect(from.pool.objects.all('VDI')).toHaveLength(2);
  });

  it('counts as moved when only the task was lost', async () => {
    const from = await testPool();
    const machine = await running(from);
    // It vanishes when the pool has long been at it.
    from.pool.faults.next('task.get_record', { kind: 'slow', delayMs: 300 });
    from.pool.faults.next('Async.VDI.pool_migrate', { kind: 'task-lost' });
    await move(from, machine, ['shared']);
    expect(hungDisks(from, machine.vm)[0]?.repository).toBe('shared');
  });

  it('needs the licence for it', async () => {
    const from = await testPool({ restrictions: ['restrict_storage_xen_motion'] });
    const machine = await running(from);
    const failure = await failureOf(move(from, machine, ['shared']));
    expect(failure.message).toContain('LICENCE_RESTRICTION');
    expectUntouched(from, machine);
  });

  it('goes to another host with its local disks', async () => {
    const from = await testPool();
    const machine = await running(from);
    const host = from.pool.hosts[1]?.ref ?? '';
    await move(from, machine, ['second'], { host });
    expect(await from.root.text('VM.get_resident_on', machine.vm)).toBe(host);
    const [disk] = hungDisks(from, machine.vm);
    expect(disk?.repository).toBe('second');
    expect(disk?.content.equals(machine.disks[0]?.content ?? Buffer.alloc(0))).toBe(true);
  });

  it('changes its host alone where its disks are seen, which needs no licence', async () => {
    const from = await testPool({ restrictions: ['restrict_storage_xen_motion'] });
    const machine = await running(from, ['shared']);
    const host = from.pool.hosts[1]?.ref ?? '';
    await move(from, machine, ['shared'], { host });
    expect(await from.root.text('VM.get_resident_on', machine.vm)).toBe(host);
    expectUntouched(from, machine);
  });

  it('waits until the pool has done with others', async () => {
    const from = await testPool();
    const machine = await running(from);
    const busy = { kind: 'failure', code: 'TOO_MANY_STORAGE_MIGRATES', params: ['3'] } as const;
    from.pool.faults.next('Async.VDI.pool_migrate', busy, 3);
    await move(from, machine, ['shared']);
    expect(hungDisks(from, machine.vm)[0]?.repository).toBe('shared');
  });

  it('stays when the host does not see the repository', async () => {
    const from = await testPool();
    const machine = await running(from);
    const host = from.pool.hosts[1]?.ref ?? '';
    const failure = await failureOf(move(from, machine, ['first'], { host }));
    expect(failure.code).toBe('POOL_REFUSED');
    expectUntouched(from, machine);
  });
});

describe('a VM that goes to another pool', () => {
  it.each([true, false])('arrives with disks, card and marks (running: %s)', async (runs) => {
    const [from, to] = [await testPool(), await testPool()];
    const machine = await importedVm(from, 'web', ['first', 'shared']);
    if (runs) await from.root.call('VM.start', machine.vm, false, false);
    const { vm } = await send(from, to, machine, ['first', 'shared']);
    expect(await to.root.text('VM.get_uuid', vm)).toBe(machine.uuid);
    expect(await to.root.text('VM.get_power_state', vm)).toBe(runs ? 'Running' : 'Halted');
    const hung = hungDisks(to, vm);
    expect(hung.map(({ repository }) => repository)).toEqual(['first', 'shared']);
    for (const [index, { content }] of machine.disks.entries()) {
      expect(hung[index]?.content.equals(content)).toBe(true);
    }
    expect(from.pool.objects.find('VM', machine.vm)).toBeUndefined();
    expect(from.pool.objects.all('VDI')).toEqual([]);
    const [card] = to.pool.objects.all('VIF');
    expect([card?.text('network'), card?.text('MAC')]).toEqual([
      to.named('network', LAN),
      '00:50:56:00:00:01',
    ]);
    const [row] = to.pool.objects.all('VDI');
    expect(row?.map('other_config')['xenferry:self']).toBe(row?.text('uuid'));
  });

  it('stays whole when the other has no room, and leaves nothing there', async () => {
    const [from, to] = [await testPool(), await testPool()];
    const machine = await importedVm(from, 'web', ['first', 'first']);
    const failure = await failureOf(send(from, to, machine, ['shared', 'tiny']));
    expect(failure.code).toBe('POOL_NO_SPACE');
    expectUntouched(from, machine);
    expect(to.pool.objects.all('VDI')).toEqual([]);
    expect(() => to.named('VM', 'web')).toThrow();
  });

  it('counts as moved when only the task was lost', async () => {
    const [from, to] = [await testPool(), await testPool()];
    const machine = await importedVm(from, 'web');
    // It vanishes when the pool has long been at it.
    from.pool.faults.next('task.get_record', { kind: 'slow', delayMs: 300 });
    from.pool.faults.next('Async.VM.migrate_send', { kind: 'task-lost' });
    const { vm } = await send(from, to, machine, ['shared']);
    expect(await to.root.text('VM.get_uuid', vm)).toBe(machine.uuid);
  });

  it('is asked for beforehand, and is told what is missing', async () => {
    const [from, to] = [await testPool(), await testPool()];
    const machine = await importedVm(from, 'web');
    await from.root.call('VM.add_to_other_config', machine.vm, 'pci', '0/0000:04:00.0');
    const failure = await failureOf(send(from, to, machine, ['shared']));
    expect(failure.message).toContain('VM.assert_can_migrate: VM_HAS_PCI_ATTACHED');
    expectUntouched(from, machine);
  });

  it('needs one host that sees all its repositories', async () => {
    const [from, to] = [await testPool(), await testPool()];
    const machine = await importedVm(from, 'web', ['shared', 'shared']);
    const failure = await failureOf(send(from, to, machine, ['first', 'second']));
    expect(failure.code).toBe('POOL_STORAGE_MISSING');
    expectUntouched(from, machine);
  });
});

describe('a move that cannot be meant', () => {
  it('has as many repositories as there are disks', async () => {
    const from = await testPool();
    const machine = await importedVm(from, 'web');
    const failure = await failureOf(move(from, machine, ['shared', 'shared']));
    expect(failure.message).toContain('web has 1 disks, not 2');
  });

  it('names repositories that there are', async () => {
    const from = await testPool();
    const machine = await importedVm(from, 'web');
    const storage = ['OpaqueRef:gone'];
    expect((await failureOf(move(from, machine, [], { storage }))).code).toBe('POOL_STORAGE_MISSING');
  });

  it('is not of a VM that is paused, nor of a disk that another VM uses', async () => {
    const from = await testPool();
    const machine = await importedVm(from, 'web');
    const other = await importedVm(from, 'other', []);
    const qos = { qos_algorithm_type: '', qos_algorithm_params: {}, other_config: {} };
    const place = { VM: other.vm, VDI: machine.disks[0]?.vdi, userdevice: '0', bootable: true };
    const vbd = await from.root.text('VBD.create', {
      ...qos,
      ...place,
      mode: 'RW',
      type: 'Disk',
      empty: false,
    });
    expect((await failureOf(move(from, machine, ['shared']))).message).toContain('another VM uses web 0');
    await from.root.call('VBD.destroy', vbd);
    await from.root.call('VM.start', machine.vm, true, false);
    expect((await failureOf(move(from, machine, ['shared']))).message).toContain('web is paused');
  });
});
