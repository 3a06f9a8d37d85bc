import { describe, expect, it } from 'vitest';
import { removeOwned, snapshotVm } from '../../../../../src/targets/xapi-pool/index.js';
import { failureOf } from '../../../../support/failure.js';
import { importedVm, JOB, testPool } from './pool-with-machines.js';

const { signal } = new AbortController();

describe('a snapshot before the first start', () => {
  it('has its name, a description, and all disks as they are', async () => {
    const from = await testPool();
    const { vm } = await importedVm(from, 'web', ['first', 'shared']);
    const snapshot = await snapshotVm(from.client, vm, 'imported', signal);
    expect(await from.root.call('VM.get_snapshots', vm)).toEqual([snapshot]);
    expect(await from.root.text('VM.get_name_label', snapshot)).toBe('imported');
    expect(await from.root.text('VM.get_name_description', snapshot)).toContain('first start');
    expect(from.pool.objects.all('VDI')).toHaveLength(4);
  });

  it('is taken once, however often it is asked for', async () => {
    const from = await testPool();
    const { vm } = await importedVm(from, 'web');
    const snapshot = await snapshotVm(from.client, vm, 'imported', signal);
    expect(await snapshotVm(from.client, vm, 'imported', signal)).toBe(snapshot);
  });

  it('goes with the job that is taken back, and nobody else’s does', async () => {
    const from = await testPool();
    const { pool, root, client } = from;
    const { vm } = await importedVm(from, 'web');
    await snapshotVm(client, vm, 'imported', signal);
    const foreign = await root.text('VM.snapshot', vm, 'mine');
    await importedVm(from, 'other');
    await root.call('VM.remove_from_other_config', pool.objects.named('VM', 'other').ref, 'xenferry:job');
    const { left } = await removeOwned(client, new Set([JOB]));
    const vms = pool.objects.all('VM').map((row) => row.text('name_label'));
    expect(vms).toContain('other');
    expect(vms).toContain('mine');
    expect(vms).not.toContain('web');
    expect(vms).not.toContain('imported');
    expect(left.map(({ what }) => what)).toEqual(['disk other 0']);
    const disks = pool.objects.all('VDI');
    expect(disks).toHaveLength(2);
    expect(disks.some((row) => row.flag('is_a_snapshot'))).toBe(true);
    expect(await root.call('VM.get_VBDs', foreign)).toHaveLength(1);
  });

  it('stays with a machine that runs, and its disks with it', async () => {
    const from = await testPool();
    const { vm } = await importedVm(from, 'web');
    const snapshot = await snapshotVm(from.client, vm, 'imported', signal);
    await from.root.call('VM.start', vm, false, false);
    const disks = from.pool.objects.all('VDI').length;
    const { removed, left } = await removeOwned(from.client, new Set([JOB]));
    expect([removed, left.map(({ what }) => what)]).toEqual([[], ['VM web']]);
    expect(await from.root.call('VM.get_snapshots', vm)).toEqual([snapshot]);
    expect(from.pool.objects.all('VDI')).toHaveLength(disks);
  });

  it('that does not fit is refused for lack of space', async () => {
    const from = await testPool({
      repositories: [{ name: 'first', type: 'lvm', size: 10 * 1024 ** 2, hosts: [0] }],
    });
    const { vm } = await importedVm(from, 'web');
    const failure = await failureOf(snapshotVm(from.client, vm, 'imported', signal));
    expect(failure.code).toBe('POOL_NO_SPACE');
    expect(from.pool.objects.all('VDI')).toHaveLength(1);
  });

  it('is found again when the answer to its making is lost', async () => {
    const from = await testPool();
    const { vm } = await importedVm(from, 'web');
    from.pool.faults.next('Async.VM.snapshot', { kind: 'task-lost' });
    const failure = await failureOf(snapshotVm(from.client, vm, 'imported', signal));
    expect(failure.code).toBe('POOL_TASK_LOST');
    await from.pool.settled();
    const snapshot = await snapshotVm(from.client, vm, 'imported', signal);
    expect(await from.root.call('VM.get_snapshots', vm)).toEqual([snapshot]);
    expect((await removeOwned(from.client, new Set([JOB]))).removed).toContain('snapshot imported of web');
  });
});
