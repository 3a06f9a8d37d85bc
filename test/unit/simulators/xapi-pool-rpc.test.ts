import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SimulatedPool, startPool } from '../../simulators/xapi-pool/index.js';
import { http, logIn, POOL_CERTIFICATE, rpc, type XapiCaller } from '../../support/xapi-caller.js';

let pool: SimulatedPool;
let root: XapiCaller;

beforeAll(async () => {
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    hosts: [{}, {}],
    users: [
      { name: 'root', password: 'simulated', role: 'pool-admin' },
      { name: 'vera', password: 'simulated', role: 'vm-admin' },
    ],
    timings: { loginDelayMs: 1 },
  });
  root = await logIn(pool.url);
});

afterAll(() => pool.close());

async function json(body: string): Promise<unknown> {
  const answer = await http(`${pool.url}/jsonrpc`, { method: 'POST', body });
  return answer.status === 200 ? JSON.parse(answer.body.toString('utf8')) : answer.status;
}

describe('calls', () => {
  it('headers beyond 1024 bytes are refused with 431', async () => {
    const answer = await http(pool.url, { headers: { filler: 'x'.repeat(1000) } });
    expect(answer.status).toBe(431);
  });

  it('bodies beyond 300 KiB and bodies without a length are refused with 500', async () => {
    const body = ' '.repeat(300 * 1024 + 1);
    expect((await http(`${pool.url}/jsonrpc`, { method: 'POST', body })).status).toBe(500);
    const headers = { 'transfer-encoding': 'chunked' };
    expect((await http(`${pool.url}/jsonrpc`, { method: 'POST', body: '{}', headers })).status).toBe(500);
  });

  it('unknown paths are refused by method', async () => {
    expect((await http(`${pool.url}/nothing`)).status).toBe(404);
    expect((await http(`${pool.url}/nothing`, { method: 'PUT' })).status).toBe(403);
    expect((await http(`${pool.url}/nothing`, { method: 'DELETE' })).status).toBe(501);
  });

  it.each([
    ['a notification', '{"jsonrpc":"2.0","method":"pool.get_all","params":[]}'],
    ['a batch', '[{"jsonrpc":"2.0","method":"pool.get_all","params":[],"id":1}]'],
    ['another version', '{"jsonrpc":"1.0","method":"pool.get_all","params":[],"id":1}'],
    ['an id that is no whole number', '{"jsonrpc":"2.0","method":"pool.get_all","params":[],"id":1.5}'],
    ['no JSON', '{'],
  ])('%s is refused with 500', async (_name, body) => {
    expect(await json(body)).toBe(500);
  });

  it('version 1 has null beside its result and a list as its error', async () => {
    const call = (params: string): string => `{"method":"pool.get_all","params":${params},"id":7}`;
    expect(await json(call(JSON.stringify([root.session])))).toEqual({
      result: [expect.stringMatching(/^OpaqueRef:/)],
      error: null,
      id: 7,
    });
    expect(await json(call('["OpaqueRef:no"]'))).toEqual({
      result: null,
      error: ['SESSION_INVALID', 'OpaqueRef:no'],
      id: 7,
    });
  });

  it('a host that is starting answers in a shape of its own', async () => {
    pool.faults.next('pool.get_all', { kind: 'booting' });
    expect(await json('{"jsonrpc":"2.0","method":"pool.get_all","params":[],"id":9}')).toEqual({
      jsonrpc: '2.0',
      error: ['HOST_STILL_BOOTING'],
      id: 0,
    });
  });

  it('floats have a point and whole numbers have none', async () => {
    const vm = pool.objects.named('VM', 'Other install media').ref;
    const body = JSON.stringify({
      jsonrpc: '2.0',
      method: 'VM.get_record',
      params: [root.session, vm],
      id: 1,
    });
    const { body: text } = await http(`${pool.url}/jsonrpc`, { method: 'POST', body });
    expect(text.toString('utf8')).toMatch(/"HVM_shadow_multiplier":1\.0,/);
    expect(text.toString('utf8')).toMatch(/"memory_static_max":2147483648,/);
  });

  it('counts parameters without the session', async () => {
    await expect(root.call('VM.get_record')).rejects.toThrow(
      'MESSAGE_PARAMETER_COUNT_MISMATCH VM.get_record 1 0',
    );
    await expect(root.call('VM.get_record', 'a', 'b')).rejects.toThrow('VM.get_record 1 2');
  });

  it('unknown methods are refused, after a look at the session if there is one', async () => {
    await expect(rpc(pool.url, 'VM.fly', [])).rejects.toThrow('MESSAGE_METHOD_UNKNOWN VM.fly');
    await expect(rpc(pool.url, 'VM.fly', ['OpaqueRef:no'])).rejects.toThrow('SESSION_INVALID');
    await expect(root.call('VM.fly')).rejects.toThrow('MESSAGE_METHOD_UNKNOWN VM.fly');
    await expect(root.call('Async.VM.get_record', 'x')).rejects.toThrow('MESSAGE_METHOD_UNKNOWN');
  });

  it.each([
    ['5', 'a whole number', true],
    ['"5"', 'its text', true],
    ['5.0', 'a float', false],
    ['null', 'nothing', false],
    ['true', 'a truth', false],
  ])('a whole number may come as %s (%s): %s', async (text, _name, taken) => {
    const vm = await root.text('VM.clone', pool.objects.named('VM', 'Other install media').ref, 'counted');
    const body = `{"jsonrpc":"2.0","method":"VM.set_start_delay","params":["${root.session}","${vm}",${text}],"id":1}`;
    const answer = await json(body);
    expect(answer).toMatchObject(
      taken
        ? { result: '' }
        : { error: { message: 'INTERNAL_ERROR', data: [expect.stringContaining('Expected int64')] } },
    );
  });

  it('a field that the constructor misses is named in an internal error', async () => {
    await expect(root.call('network.create', { name_label: 'x' })).rejects.toThrow(
      'INTERNAL_ERROR Server_helpers.Dispatcher_FieldNotFound("other_config")',
    );
  });

  it('objects that are not there are told by class', async () => {
    await expect(root.call('VDI.get_record', 'OpaqueRef:no')).rejects.toThrow(
      'HANDLE_INVALID VDI OpaqueRef:no',
    );
    await expect(root.call('VDI.get_by_uuid', 'no')).rejects.toThrow('UUID_INVALID VDI no');
  });

  it('a key that a map has already is refused', async () => {
    const network = await root.text('network.create', { name_label: 'keys', other_config: { a: '1' } });
    await expect(root.call('network.add_to_other_config', network, 'a', '2')).rejects.toThrow(
      'MAP_DUPLICATE_KEY',
    );
    await root.call('network.remove_from_other_config', network, 'a');
    await root.call('network.add_to_other_config', network, 'a', '2');
    expect(await root.call('network.get_other_config', network)).toEqual({ a: '2' });
  });
});

describe('sessions', () => {
  it('a wrong password is refused', async () => {
    await expect(logIn(pool.url, 'root', 'wrong')).rejects.toThrow('SESSION_AUTHENTICATION_FAILED root');
  });

  it('ends with logging out', async () => {
    const other = await logIn(pool.url);
    await other.call('session.logout');
    await expect(other.call('pool.get_all')).rejects.toThrow(`SESSION_INVALID ${other.session}`);
  });

  it('members send clients to the coordinator', async () => {
    const url = pool.hosts[1]?.url ?? '';
    await expect(logIn(url)).rejects.toThrow('HOST_IS_SLAVE 127.0.0.1');
    await expect(rpc(url, 'pool.get_all', [root.session])).rejects.toThrow('HOST_IS_SLAVE 127.0.0.1');
  });

  it('roles keep administrators of machines from what is the pool’s', async () => {
    const vera = await logIn(pool.url, 'vera');
    const vm = await vera.text('VM.clone', pool.objects.named('VM', 'Debian Bookworm 12').ref, 'vera’s');
    await expect(vera.call('VM.set_order', vm, 1)).rejects.toThrow('RBAC_PERMISSION_DENIED vm.set_order');
    const pif = pool.objects.all('PIF')[0]?.ref ?? '';
    const network = await vera.text('network.create', { name_label: 'hers', other_config: {} });
    await expect(vera.call('pool.create_VLAN_from_PIF', pif, network, 5)).rejects.toThrow(
      'RBAC_PERMISSION_DENIED',
    );
    await expect(vera.call('VM.add_to_other_config', vm, 'pci', '0/0000:04:00.0')).rejects.toThrow(
      'RBAC_PERMISSION_DENIED vm.add_to_other_config/key:pci',
    );
    await vera.call('VM.add_to_other_config', vm, 'folder', '/a');
  });
});

describe('tasks and events', () => {
  it('a call in the background leaves its result as XML', async () => {
    const sr = pool.objects.named('SR', 'Local storage').ref;
    const wanted = {
      SR: sr,
      virtual_size: 1,
      type: 'user',
      sharable: false,
      read_only: false,
      other_config: {},
    };
    const task = await root.text('Async.VDI.create', wanted);
    await pool.settled();
    expect(await root.call('task.get_record', task)).toMatchObject({
      status: 'success',
      progress: 1,
      result: expect.stringMatching(/^<value>OpaqueRef:[-0-9a-f]+<\/value>$/),
    });
  });

  it('a failure in the background is told by the task alone', async () => {
    const task = await root.text('Async.VDI.destroy', 'OpaqueRef:no');
    await pool.settled();
    expect(await root.call('task.get_error_info', task)).toEqual(['HANDLE_INVALID', 'VDI', 'OpaqueRef:no']);
    expect(await root.text('task.get_status', task)).toBe('failure');
  });

  it('events tell what came, changed and went since the token', async () => {
    const first = await root.call('event.from', ['network'], '', 0);
    expect(first).toMatchObject({ token: expect.stringMatching(/^\d{20},\d{20}$/) });
    const { token } = first as { token: string };
    const waiting = root.call('event.from', ['network'], token, 30);
    const network = await root.text('network.create', { name_label: 'new', other_config: {} });
    const added = await waiting;
    expect(added).toMatchObject({
      events: [{ class: 'network', operation: 'add', ref: network, snapshot: { name_label: 'new' } }],
      valid_ref_counts: { host: 2 },
    });
    await root.call('network.destroy', network);
    const gone = await root.call('event.from', ['network'], (added as { token: string }).token, 0);
    expect(gone).toMatchObject({ events: [{ operation: 'del', ref: network }] });
    expect(gone).not.toMatchObject({ events: [{ snapshot: expect.anything() }] });
  });

  it('nothing new is an empty list when the time is over', async () => {
    const { token } = (await root.call('event.from', ['sr'], '', 0)) as { token: string };
    expect(await root.call('event.from', ['sr'], token, 0.05)).toMatchObject({ events: [] });
    await expect(root.call('event.from', ['sr'], 'x', 0)).rejects.toThrow('EVENT_FROM_TOKEN_PARSE_FAILURE x');
  });
});
