import { createServer } from 'node:https';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeError } from '../../../src/model/errors.js';
import { connectPool, type NewVdi, runTask } from '../../../src/xapi/index.js';
import { finishTask } from '../../../src/xapi/tasks.js';
import type { SimulatedPool } from '../../simulators/xapi-pool/index.js';
import { selfSigned } from '../../support/certificate.js';
import { failureOf } from '../../support/failure.js';
import { listen } from '../../support/range-server.js';
import { accessTo, connected, simulatedPool } from '../../support/simulated-pool.js';
import { tempFiles } from '../../support/temp-files.js';

const { put } = tempFiles();

function newDisk(pool: SimulatedPool): NewVdi {
  return {
    name_label: 'd',
    name_description: '',
    SR: pool.objects.named('SR', 'Local').ref,
    virtual_size: 2 ** 21,
    type: 'user',
    sharable: false,
    read_only: false,
    other_config: {},
    sm_config: {},
    tags: [],
  };
}

describe('a session', () => {
  it('is opened at the master, whichever member is asked', async () => {
    const pool = await simulatedPool({ hosts: [{}, {}] });
    const client = await connected(pool, { url: pool.hosts[1]?.url ?? '' });
    expect(Object.values(await client.call('SR.get_all_records', []))).toMatchObject([
      { name_label: 'Local' },
    ]);
  });

  it('that ended is opened anew, and the call made', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    const [before] = pool.objects.all('session');
    pool.faults.next('SR.get_all_records', { kind: 'session-lost' });
    expect(Object.keys(await client.call('SR.get_all_records', []))).toHaveLength(1);
    const [after, ...more] = pool.objects.all('session');
    expect(after?.ref).not.toBe(before?.ref);
    expect(more).toEqual([]);
  });

  it('waits for a host that is starting', async () => {
    const pool = await simulatedPool();
    pool.faults.next('session.login_with_password', { kind: 'booting' }, 3);
    await connected(pool);
  });

  it('is opened at the new master when the old one steps down', async () => {
    const pool = await simulatedPool({ hosts: [{}, {}] });
    const client = await connected(pool);
    const [row] = pool.objects.all('pool');
    row?.set({ master: pool.hosts[1]?.ref ?? '' });
    expect(Object.values(await client.call('pool.get_all_records', []))).toMatchObject([
      { master: pool.hosts[1]?.ref },
    ]);
  });

  it('is opened at the new master when the old one is gone', async () => {
    const pool = await simulatedPool({ hosts: [{}, {}] });
    const client = await connected(pool);
    const [row] = pool.objects.all('pool');
    await pool.hosts[0]?.down();
    row?.set({ master: pool.hosts[1]?.ref ?? '' });
    expect(Object.keys(await client.call('host.get_all_records', []))).toHaveLength(2);
  });

  it('is refused to a wrong password, which is told nowhere', async () => {
    const wrong = { file: put('wrong', 'merlin-9').path };
    const failure = await failureOf(connectPool(accessTo(await simulatedPool(), { password: wrong })));
    expect(failure.code).toBe('POOL_UNAUTHORIZED');
    expect(`${describeError(failure)} ${failure.hint} ${failure.stack}`).not.toContain('merlin');
  });

  it('is not opened where the certificate is another one', async () => {
    const pool = await simulatedPool();
    const other = accessTo(pool, { tlsFingerprints: [selfSigned().fingerprint] });
    expect((await failureOf(connectPool(other))).code).toBe('POOL_UNREACHABLE');
    expect(pool.objects.all('session')).toEqual([]);
  });

  it('takes no password from the address', async () => {
    const access = accessTo(await simulatedPool(), { url: 'https://root:merlin@pool' });
    const failure = await failureOf(connectPool(access));
    expect(failure.code).toBe('CONFIG_INVALID');
    expect(failure.message).not.toContain('merlin');
  });

  it('is not opened with what is no pool', async () => {
    const { fingerprint, ...tls } = selfSigned();
    const server = createServer(tls, (_request, response) => response.end('{"hello":"world"}'));
    const url = `https://127.0.0.1:${await listen(server)}`;
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const access = accessTo(await simulatedPool(), { url, tlsFingerprints: [fingerprint] });
    expect((await failureOf(connectPool(access))).code).toBe('POOL_PROTOCOL');
  });
});

describe('a call', () => {
  it('that is refused says so in the words of the pool, without references', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    const params = ['', 'There is insufficient space', 'OpaqueRef:1-2'];
    pool.faults.next('SR.get_all_records', { kind: 'failure', code: 'SR_BACKEND_FAILURE_44', params });
    const failure = await failureOf(client.call('SR.get_all_records', []));
    expect(failure).toMatchObject({ code: 'POOL_NO_SPACE', place: { file: pool.url } });
    expect(failure.message).toBe('SR.get_all_records: SR_BACKEND_FAILURE_44: There is insufficient space');
  });

  it.each([
    { kind: 'answer-lost' } as const,
    { kind: 'cut' } as const,
    { kind: 'status', status: 500 } as const,
    { kind: 'failure', code: 'TOO_BUSY' } as const,
  ])('that fails in passing ($kind) is made again when it only reads', async (fault) => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    pool.faults.next('SR.get_all_records', fault);
    expect(Object.keys(await client.call('SR.get_all_records', []))).toHaveLength(1);
  });

  it('whose answer is lost is not made twice when it makes something', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    pool.faults.next('VM_appliance.create', { kind: 'answer-lost' });
    const made = client.call('VM_appliance.create', [{ name_label: 'a', name_description: '' }]);
    expect((await failureOf(made)).code).toBe('POOL_UNREACHABLE');
    expect(pool.objects.all('VM_appliance')).toHaveLength(1);
  });
});

describe('a task', () => {
  it('brings what it made, and is removed', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    const vdi = await runTask(client, 'VDI.create', [newDisk(pool)]);
    expect(pool.objects.find('VDI', vdi)?.text('name_label')).toBe('d');
    expect(pool.objects.all('task')).toEqual([]);
  });

  it('that fails tells why', async () => {
    const client = await connected(await simulatedPool());
    const failure = await failureOf(runTask(client, 'VDI.destroy', ['OpaqueRef:gone']));
    expect(failure).toMatchObject({
      code: 'POOL_OBJECT_MISSING',
      message: 'VDI.destroy: HANDLE_INVALID: VDI',
    });
  });

  it('that the pool forgets is told as lost', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    pool.faults.next('Async.VDI.create', { kind: 'task-lost' });
    expect((await failureOf(runTask(client, 'VDI.create', [newDisk(pool)]))).code).toBe('POOL_TASK_LOST');
  });

  it('is watched without events, and asked to end', async () => {
    const pool = await simulatedPool();
    const client = await connected(pool);
    pool.faults.next('event.from', { kind: 'failure', code: 'INTERNAL_ERROR' }, 100);
    const stop = new AbortController();
    const seen: number[] = [];
    const task = await client.call('task.create', ['t', '']);
    const waiting = finishTask(client, task, 'work', {
      signal: stop.signal,
      onProgress: (progress) => {
        seen.push(progress);
        if (seen.length === 3) stop.abort();
      },
    });
    expect((await failureOf(waiting)).code).toBe('CANCELED');
    expect(pool.objects.find('task', task)?.map('current_operations')).toMatchObject({ [task]: 'cancel' });
  });
});
