import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { onTestFinished } from 'vitest';
import { NULL_REF } from '../../src/xapi/records.js';
import { type Certificate, selfSigned } from './certificate.js';
import { listen } from './range-server.js';

/** Written for `small-pool` alone; a password that must be nowhere else. */
export const POOL_PASSWORD = 'kestrel-4711';

type Fields = Record<string, unknown>;
type Strings = Record<string, string>;

/** What a call is refused with; XAPI's code and its parameters. */
export type Refusal = readonly [string, ...string[]];

export interface SmallPool {
  readonly url: string;
  readonly tls: Certificate;
  /** Records by class and reference. */
  readonly db: Readonly<Record<string, Map<string, Fields>>>;
  /** Content of the disks. */
  readonly disks: ReadonlyMap<string, Buffer>;
  /** Names of all calls so far. */
  readonly calls: readonly string[];
  /** Refuses a call, when it returns something. */
  refuse: (method: string) => Refusal | undefined;
  /** Hangs up on a call that it has carried out, when it returns true. */
  hangsUp: (method: string) => boolean;
  /** Bytes after which an upload is cut; undefined lets it through. */
  cutAfter: () => number | undefined;
  /** Whether tasks of uploads fail at their end, or go on for ever. */
  spoilsUploads: 'failing' | 'pending' | null;
  /** Changes a disk before it is read back. */
  onExport: (disk: Buffer) => void;
}

/** A tiny pool of one host, one repository and one network until the test ends, as far as our calls need one. */
export async function smallPool(): Promise<SmallPool> {
  const tls = selfSigned();
  const db: SmallPool['db'] = Object.fromEntries(
    [
      'pool',
      'host',
      'SR',
      'PBD',
      'network',
      'PIF',
      'VM',
      'VDI',
      'VBD',
      'VIF',
      'VTPM',
      'VM_appliance',
      'Bond',
      'task',
    ].map((name) => [name, new Map()]),
  );
  const disks = new Map<string, Buffer>();
  const calls: string[] = [];
  const sessions = new Set<string>();
  let last = 0;
  const ref = () => `OpaqueRef:00000000-0000-0000-0000-${String(++last).padStart(12, '0')}`;
  const add = (name: string, fields: Fields): string => {
    const made = ref();
    db[name]?.set(made, { uuid: made.replace('OpaqueRef:', ''), ...fields });
    return made;
  };
  const pool: SmallPool & { url: string } = {
    url: '',
    tls,
    db,
    disks,
    calls,
    refuse: () => undefined,
    hangsUp: () => false,
    cutAfter: () => undefined,
    spoilsUploads: null,
    onExport: () => {},
  };

  const host = add('host', { name_label: 'h1', address: '127.0.0.1', enabled: true, software_version: {} });
  const room = { physical_size: 2 ** 40, physical_utilisation: 0, virtual_allocation: 0, sm_config: {} };
  const sr = add('SR', { name_label: 'Local', type: 'ext', content_type: 'user', shared: false, ...room });
  add('PBD', { host, SR: sr, currently_attached: true });
  add('pool', { master: host, default_SR: sr });
  const lan = add('network', {
    name_label: 'LAN',
    bridge: 'xenbr0',
    MTU: 9000,
    other_config: {},
    PIFs: [],
    VIFs: [],
  });

  for (const [index, device] of ['eth0', 'eth1', 'eth2'].entries()) {
    const none = { bond_slave_of: NULL_REF, bond_master_of: [], VLAN_master_of: NULL_REF };
    add('PIF', {
      device,
      host,
      network: index === 0 ? lan : NULL_REF,
      VLAN: -1,
      physical: true,
      management: index === 0,
      ...none,
    });
  }

  const refused = (code: string, ...params: string[]): never => {
    throw Object.assign(new Error(code), { refusal: [code, ...params] });
  };
  const recordOf = (name: string, of: unknown): Fields =>
    db[name]?.get(String(of)) ?? refused('HANDLE_INVALID', name, String(of));
  const listOf = (fields: Fields, name: string): unknown[] => fields[name] as unknown[];

  const createDefaults: Record<string, Fields> = {
    VM: {
      power_state: 'Halted',
      is_default_template: false,
      is_a_snapshot: false,
      blocked_operations: {},
      resident_on: NULL_REF,
      guest_metrics: NULL_REF,
      snapshots: [],
      VBDs: [],
      VIFs: [],
    },
    VDI: { physical_utilisation: 0, VBDs: [] },
    VBD: {},
    VIF: {},
    VTPM: {},
    network: { bridge: 'xapi0', PIFs: [], VIFs: [] },
    VM_appliance: { VMs: [] },
  };

  const wire = (network: unknown, fields: Fields): string => {
    const none = {
      physical: false,
      management: false,
      bond_slave_of: NULL_REF,
      bond_master_of: [],
      VLAN_master_of: NULL_REF,
    };
    return add('PIF', { device: 'wire', host, network, ...none, ...fields });
  };

  const dispatch = (method: string, params: readonly unknown[]): unknown => {
    const [name = '', verb = ''] = method.split('.');
    const [self, key, value] = params;
    if (method === 'session.logout') return '';
    if (method === 'event.from') return { events: [], valid_ref_counts: {}, token: '00000000000000000001,0' };
    if (method === 'task.create') {
      return add('task', { status: 'pending', progress: 0, result: '', error_info: [] });
    }
    if (method === 'task.cancel') return '';
    if (method === 'pool.create_VLAN_from_PIF') return wire(key, { VLAN: value, VLAN_master_of: ref() });
    if (method === 'Bond.create')
      return wire(self, { VLAN: -1, bond_master_of: [add('Bond', {})], slaves: key });
    if (method === 'VLAN.destroy' || method === 'Bond.destroy') return '';
    if (method === 'VTPM.create') return add('VTPM', { VM: self });
    if (verb === 'get_all_records') return Object.fromEntries(db[name] ?? []);
    if (verb === 'get_record') return recordOf(name, self);
    if (verb === 'create') {
      const fields = self as Fields;
      const made = add(name, { ...createDefaults[name], ...fields });
      if (name === 'VDI') disks.set(made, Buffer.alloc(Number(fields.virtual_size)));
      if (name === 'VBD') {
        listOf(recordOf('VM', fields.VM), 'VBDs').push(made);
        if (fields.VDI !== NULL_REF) listOf(recordOf('VDI', fields.VDI), 'VBDs').push(made);
      }
      return made;
    }
    if (verb === 'destroy') {
      const record = recordOf(name, self);
      if (name === 'VM') {
        for (const vbd of listOf(record, 'VBDs')) {
          const { VDI } = recordOf('VBD', vbd);
          if (VDI !== NULL_REF) recordOf('VDI', VDI).VBDs = [];
          db.VBD?.delete(String(vbd));
        }
        for (const of of ['VIF', 'VTPM']) {
          for (const [device, { VM }] of db[of] ?? []) if (VM === self) db[of]?.delete(device);
        }
      }
      db[name]?.delete(String(self));
      disks.delete(String(self));
      return '';
    }
    const field = verb.replace(/^(add_to|remove_from|set)_/, '');
    const record = recordOf(name, self);
    if (verb.startsWith('set_')) record[field] = key;
    else if (verb.startsWith('add_to_'))
      record[field] = { ...(record[field] as Strings), [String(key)]: value };
    else if (verb.startsWith('remove_from_')) delete (record[field] as Strings)[String(key)];
    else refused('MESSAGE_METHOD_UNKNOWN', method);
    return '';
  };

  const call = (method: string, params: readonly unknown[]): unknown => {
    calls.push(method);
    const refusal = pool.refuse(method);
    if (refusal !== undefined) refused(...refusal);
    if (method === 'session.login_with_password') {
      if (params[1] !== POOL_PASSWORD)
        refused('SESSION_AUTHENTICATION_FAILED', String(params[0]), 'Authentication failure');
      const session = ref();
      sessions.add(session);
      return session;
    }
    const [session, ...rest] = params;
    if (!sessions.has(String(session))) refused('SESSION_INVALID', String(session));
    if (!method.startsWith('Async.')) return dispatch(method, rest);
    const done = { status: 'success', progress: 1, result: '', error_info: [] as string[] };
    try {
      const result = dispatch(method.slice('Async.'.length), rest);
      return add('task', { ...done, result: result === '' ? '' : `<value>${String(result)}</value>` });
    } catch (error) {
      return add('task', { ...done, status: 'failure', error_info: refusalOf(error) });
    }
  };

  const rpc = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const { id, method, params } = JSON.parse(Buffer.concat(parts).toString());
    let reply: Fields;
    try {
      reply = { result: call(method, params), id };
    } catch (error) {
      const [message = '', ...data] = refusalOf(error);
      // Before dispatch the error is a bare list.
      reply =
        message === 'HOST_STILL_BOOTING'
          ? { error: [message], id: 0 }
          : { error: { code: 1, message, data }, id };
    }
    if (pool.hangsUp(method)) return void request.socket.destroy();
    response.end(JSON.stringify({ jsonrpc: '2.0', ...reply }));
  };

  /** Chunks only: place, length, data, and an end of zeros. */
  const upload = async (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => {
    const task = recordOf('task', query.get('task_id'));
    if (!sessions.has(query.get('session_id') ?? '')) {
      response.writeHead(401, { connection: 'close' }).end();
      return;
    }
    response.writeHead(200, { connection: 'close' }).flushHeaders();
    const disk = disks.get(query.get('vdi') ?? '') ?? Buffer.alloc(0);
    const limit = pool.cutAfter() ?? Number.POSITIVE_INFINITY;
    let buffer = Buffer.alloc(0);
    let taken = 0;
    let ended = false;
    const fail = () =>
      Object.assign(task, { status: 'failure', error_info: ['VDI_IO_ERROR', 'Device I/O errors'] });
    for await (const part of request) {
      taken += part.length;
      if (taken > limit) break;
      buffer = Buffer.concat([buffer, part]);
      while (!ended && buffer.length >= 12) {
        const [offset, length] = [Number(buffer.readBigUInt64LE(0)), buffer.readUInt32LE(8)];
        if (buffer.length < 12 + length) break;
        if (offset === 0 && length === 0) ended = true;
        if (offset % 512 !== 0 || offset + length > disk.length) break;
        buffer.copy(disk, offset, 12, 12 + length);
        buffer = buffer.subarray(12 + length);
      }
      if (ended) break;
    }
    if (ended && pool.spoilsUploads === null)
      Object.assign(task, { status: 'success', progress: 1, result: '<value>x</value>' });
    else if (pool.spoilsUploads !== 'pending') fail();
    response.end();
    request.destroy();
  };

  const server = createServer({ cert: tls.cert, key: tls.key }, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'https://pool');
    if (pathname === '/jsonrpc') void rpc(request, response);
    else if (pathname === '/import_raw_vdi') void upload(request, response, searchParams).catch(() => {});
    else {
      const disk = Buffer.from(disks.get(searchParams.get('vdi') ?? '') ?? '');
      pool.onExport(disk);
      response.writeHead(200, { connection: 'close' }).end(disk);
    }
  });
  pool.url = `https://127.0.0.1:${await listen(server)}`;
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return pool;
}

function refusalOf(error: unknown): string[] {
  if (error instanceof Error && 'refusal' in error && Array.isArray(error.refusal)) return error.refusal;
  return ['INTERNAL_ERROR', String(error)];
}
