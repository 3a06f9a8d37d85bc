import { describe, expect, it, onTestFinished } from 'vitest';
import { describeError } from '../../../src/model/errors.js';
import { connectPool, type NewVdi, runTask, type XapiClient } from '../../../src/xapi/index.js';
import { finishTask } from '../../../src/xapi/tasks.js';
import { failureOf } from '../../support/failure.js';
import { POOL_PASSWORD, type SmallPool, smallPool } from '../../support/small-pool.js';
import { tempFiles } from '../../support/temp-files.js';

const { put } = tempFiles();
const password = { file: put('password', `${POOL_PASSWORD}\n`).path };
const patience = { connect: 2_000, idle: 4_000, pauseScale: 0.01 };

async function connect({ url, tls }: Pick<SmallPool, 'url' | 'tls'>): Promise<XapiClient> {
  const client = await connectPool({
    url,
    user: 'root',
    password,
    tlsFingerprints: [tls.fingerprint],
    patience,
  });
  onTestFinished(() => client.close());
  return client;
}

const NEW_DISK = {
  name_label: 'd',
  name_description: '',
  SR: 'OpaqueRef:1',
  virtual_size: 2 ** 21,
  type: 'user' as const,
  sharable: false,
  read_only: false,
  other_config: {},
  sm_config: {},
  tags: [],
} satisfies NewVdi;

/** Refuses each call of `method` the first `times` times. */
function refuseFirst(
  pool: SmallPool,
  method: string,
  times: number,
  refusal: readonly [string, ...string[]],
): void {
  let left = times;
  pool.refuse = (called) => (called === method && left-- > 0 ? refusal : undefined);
}

describe('a session', () => {
  it('is opened at the master, whichever member is asked', async () => {
    const master = await smallPool();
    const member = await smallPool();
    member.refuse = () => ['HOST_IS_SLAVE', new URL(master.url).host];
    const { fingerprint } = master.tls;
    const client = await connectPool({
      url: member.url,
      user: 'root',
      password,
      tlsFingerprints: [member.tls.fingerprint, fingerprint],
      patience,
    });
    onTestFinished(() => client.close());
    expect(Object.values(await client.call('SR.get_all_records', []))).toMatchObject([
      { name_label: 'Local' },
    ]);
    expect(member.calls).toEqual(['session.login_with_password']);
  });

  it('that ended is opened anew, and the call made', async () => {
    const pool = await smallPool();
    const client = await connect(pool);
    refuseFirst(pool, 'SR.get_all_records', 1, ['SESSION_INVALID', 'OpaqueRef:1']);
    expect(Object.keys(await client.call('SR.get_all_records', []))).toHaveLength(1);
    expect(pool.calls.filter((method) => method === 'session.login_with_password')).toHaveLength(2);
  });

  it('waits for a host that is starting', async () => {
    const pool = await smallPool();
    refuseFirst(pool, 'session.login_with_password', 3, ['HOST_STILL_BOOTING']);
    await connect(pool);
  });

  it('is refused to a wrong password, which is told nowhere', async () => {
    const { url, tls } = await smallPool();
    const wrong = { file: put('wrong', 'merlin-9').path };
    const access = { url, user: 'root', password: wrong, tlsFingerprints: [tls.fingerprint], patience };
    const failure = await failureOf(connectPool(access));
    expect(failure.code).toBe('POOL_UNAUTHORIZED');
    expect(`${describeError(failure)} ${failure.hint} ${failure.stack}`).not.toContain('merlin');
  });

  it('is not opened where the certificate is another one', async () => {
    const pool = await smallPool();
    const failure = await failureOf(connect({ url: pool.url, tls: (await smallPool()).tls }));
    expect(failure.code).toBe('POOL_UNREACHABLE');
    expect(pool.calls).toEqual([]);
  });

  it('takes no password from the address', async () => {
    const failure = await failureOf(
      connectPool({ url: 'https://root:merlin@pool', user: 'root', password, tlsFingerprints: [] }),
    );
    expect(failure.code).toBe('CONFIG_INVALID');
    expect(failure.message).not.toContain('merlin');
  });
});

describe('a call', () => {
  it('that is refused says so in the words of the pool, without references', async () => {
    const pool = await smallPool();
    const client = await connect(pool);
    pool.refuse = () => ['SR_BACKEND_FAILURE_44', '', 'There is insufficient space', 'OpaqueRef:1-2'];
    const failure = await failureOf(client.call('SR.get_all_records', []));
    expect(failure).toMatchObject({ code: 'POOL_NO_SPACE', place: { file: pool.url } });
    expect(failure.message).toBe('SR.get_all_records: SR_BACKEND_FAILURE_44: There is insufficient space');
  });

  it('that answers with what the data model does not have is refused', async () => {
    const pool = await smallPool();
    const client = await connect(pool);
    for (const record of pool.db.SR?.values() ?? []) record.physical_size = 'much';
    expect((await failureOf(client.call('SR.get_all_records', []))).code).toBe('POOL_PROTOCOL');
  });

  it('whose answer is lost is made again when it only reads', async () => {
    const pool = await smallPool();
    const client = await connect(pool);
    let hangups = 1;
    pool.hangsUp = () => hangups-- > 0;
    expect(Object.keys(await client.call('SR.get_all_records', []))).toHaveLength(1);
    expect(pool.calls.filter((method) => method === 'SR.get_all_records')).toHaveLength(2);
    pool.hangsUp = (method) => method === 'VM_appliance.create';
    const made = client.call('VM_appliance.create', [{ name_label: 'a', name_description: '' }]);
    expect((await failureOf(made)).code).toBe('POOL_UNREACHABLE');
    expect(pool.db.VM_appliance?.size).toBe(1);
  });
});

describe('a task', () => {
  it('brings what it made, and is removed', async () => {
    const pool = await smallPool();
    const client = await connect(pool);
    const vdi = await runTask(client, 'VDI.create', [NEW_DISK]);
    expect(pool.db.VDI?.has(vdi)).toBe(true);
    expect(pool.db.task?.size).toBe(0);
  });

  it('that fails tells why', async () => {
    const client = await connect(await smallPool());
    const failure = await failureOf(runTask(client, 'VDI.destroy', ['OpaqueRef:gone']));
    expect(failure).toMatchObject({
      code: 'POOL_OBJECT_MISSING',
      message: 'VDI.destroy: HANDLE_INVALID: VDI',
    });
  });

  it('is watched without events, and cancelled', async () => {
    const pool = await smallPool();
    const client = await connect(pool);
    pool.refuse = (method) => (method === 'event.from' ? ['INTERNAL_ERROR'] : undefined);
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
    expect(pool.calls).toContain('task.cancel');
  });
});
