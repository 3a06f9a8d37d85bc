import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Faults } from '../../simulators/xapi-pool/faults.js';
import { type Fault, type SimulatedPool, startPool } from '../../simulators/xapi-pool/index.js';
import {
  type HttpAnswer,
  http,
  logIn,
  POOL_CERTIFICATE,
  rpc,
  type XapiCaller,
} from '../../support/xapi-caller.js';

const MIB = 1024 * 1024;
const IO_ERROR = ['failure', 'VDI_IO_ERROR', 'Device I/O errors'];
const FULL = ['SR_BACKEND_FAILURE_44', '', 'There is insufficient space', ''];

let pool: SimulatedPool;
let root: XapiCaller;

beforeAll(async () => {
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    hosts: [{}, {}, {}],
    repositories: [{ name: 'Shared storage', type: 'nfs', size: 1024 * MIB, shared: true }],
    timings: { restartMs: 200, detachMs: 300 },
  });
  root = await logIn(pool.url);
});

afterEach(async () => {
  pool.faults.clear();
  await pool.settled();
});

afterAll(() => pool.close());

function sr(): string {
  return pool.objects.named('SR', 'Shared storage').ref;
}

function fields(size: number): object {
  const fixed = { type: 'user', sharable: false, read_only: false, other_config: {} };
  return { ...fixed, SR: sr(), virtual_size: size };
}

interface Upload {
  readonly vdi: string;
  readonly task: string;
  readonly path: string;
}

async function upload(size = 4 * MIB): Promise<Upload> {
  const vdi = await root.text('VDI.create', fields(size));
  const task = await root.text('task.create', 'upload', '');
  return { vdi, task, path: `/import_raw_vdi?session_id=${root.session}&task_id=${task}&vdi=${vdi}` };
}

async function put({ path }: Upload, body = Buffer.alloc(4 * MIB, 1), url = pool.url): Promise<HttpAnswer> {
  return await http(`${url}${path}`, { method: 'PUT', body });
}

/** Sends under a fault; whether the connection held, and how the task ended. */
async function putUnder(fault: Fault, sent: Upload): Promise<readonly string[]> {
  pool.faults.next('PUT /import_raw_vdi', fault);
  await put(sent).catch(() => {});
  await pool.settled();
  return await outcome(sent.task);
}

async function outcome(task: string): Promise<readonly string[]> {
  const status = await root.text('task.get_status', task);
  return [status, ...((await root.call('task.get_error_info', task)) as string[])];
}

function bodyOf(method: string, params: readonly unknown[] = [root.session]): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params, id: 1 });
}

async function finished(task: string): Promise<readonly string[]> {
  await expect.poll(() => root.text('task.get_status', task)).not.toBe('pending');
  return await outcome(task);
}

describe('a repository without room', () => {
  it('at the creation of a disk is refused by the storage, until there is room again', async () => {
    pool.faults.next('VDI.create', { kind: 'sr-full', forMs: 100 });
    await expect(root.call('VDI.create', fields(MIB))).rejects.toThrow(FULL.join(' '));
    await expect(root.call('VDI.create', fields(MIB))).rejects.toThrow(FULL.join(' '));
    await delay(150);
    await root.call('VDI.create', fields(MIB));
  });

  it('in mid-stream is an error of the device, like any other of the program that writes', async () => {
    const sent = await upload();
    expect(await putUnder({ kind: 'sr-full', afterBytes: MIB, forMs: 50 }, sent)).toEqual(IO_ERROR);
    expect(
      readFileSync(pool.vdiFile(sent.vdi))
        .subarray(2 * MIB)
        .every((byte) => byte === 0),
    ).toBe(true);
  });
});

describe('transfers', () => {
  it('a cut after so many bytes fails, with what came before it written', async () => {
    const sent = await upload(6 * MIB);
    pool.faults.next('PUT /import_raw_vdi', { kind: 'cut', afterBytes: 4 * MIB });
    await expect(put(sent, Buffer.alloc(6 * MIB, 1))).rejects.toThrow(/ECONNRESET|EPIPE|hang up|aborted/);
    await pool.settled();
    expect(await outcome(sent.task)).toEqual(IO_ERROR);
    const written = readFileSync(pool.vdiFile(sent.vdi));
    expect([written[4 * MIB - 1], written[4 * MIB]]).toEqual([1, 0]);
  });

  it('a device that fails is told by the task alone, and two more answers behind the 200', async () => {
    const sent = await upload();
    pool.faults.next('PUT /import_raw_vdi', { kind: 'io-error', afterBytes: 4 * MIB - 1 });
    const { status, body } = await put(sent);
    expect([status, body.toString().match(/HTTP\/1\.1 \d+/g)]).toEqual([
      200,
      ['HTTP/1.1 400', 'HTTP/1.1 500'],
    ]);
    await pool.settled();
    expect(await outcome(sent.task)).toEqual(IO_ERROR);
  });

  it('a broken one leaves the disk in use for a moment', async () => {
    const sent = await upload();
    pool.faults.next('PUT /import_raw_vdi', { kind: 'cut', afterBytes: MIB });
    await put(sent).catch(() => {});
    expect(await finished(sent.task)).toEqual(IO_ERROR);
    await expect(root.call('VDI.destroy', sent.vdi)).rejects.toThrow(`VDI_IN_USE ${sent.vdi} destroy`);
    await expect.poll(() => root.call('VDI.destroy', sent.vdi).catch(String)).toBe('');
  });

  it('one that succeeds has let the disk go before its task says so', async () => {
    const sent = await upload();
    await put(sent);
    expect(await finished(sent.task)).toEqual(['success']);
    await root.call('VDI.destroy', sent.vdi);
  });

  it('the session may end in the middle: the bytes arrive, and no call is taken any more', async () => {
    const other = await logIn(pool.url);
    const sent = await upload();
    const path = sent.path.replace(root.session, other.session);
    expect(await putUnder({ kind: 'session-lost', afterBytes: MIB }, { ...sent, path })).toEqual(['success']);
    await expect(other.call('pool.get_all')).rejects.toThrow(`SESSION_INVALID ${other.session}`);
  });

  it('the task may be gone in the middle', async () => {
    const sent = await upload();
    await expect(putUnder({ kind: 'task-lost', afterBytes: MIB }, sent)).rejects.toThrow(
      `HANDLE_INVALID task ${sent.task}`,
    );
  });

  it('a slow link takes its time, and all that is sent', async () => {
    const sent = await upload();
    expect(await putUnder({ kind: 'slow', bytesPerSecond: 8 * MIB }, sent)).toEqual(['success']);
  });

  it.each([
    500, 503,
  ])('status %i comes without a word of the API and leaves the task pending', async (status) => {
    const sent = await upload();
    pool.faults.next('PUT /import_raw_vdi', { kind: 'status', status });
    expect((await put(sent)).status).toBe(status);
    expect(await outcome(sent.task)).toEqual(['pending']);
  });

  it('redirects may go round in circles', async () => {
    const sent = await upload();
    pool.faults.next('PUT /import_raw_vdi', { kind: 'redirect' }, 6);
    let at = `${pool.url}${sent.path}`;
    const visited: string[] = [];
    for (let step = 0; step < 6; step += 1) {
      const { status, headers } = await http(at, { method: 'PUT', body: '' });
      at = String(headers.location);
      visited.push(`${status} ${new URL(at).hostname} ${at.endsWith(sent.path)}`);
    }
    const circle = ['302 127.0.0.2 true', '302 127.0.0.3 true', '302 127.0.0.1 true'];
    expect(visited).toEqual([...circle, ...circle]);
    expect(await outcome(sent.task)).toEqual(['pending']);
  });

  it('a download may end early, in order, so that only the task tells', async () => {
    const sent = await upload();
    await put(sent);
    const task = await root.text('task.create', 'download', '');
    const path = `/export_raw_vdi?session_id=${root.session}&task_id=${task}&vdi=${sent.vdi}`;
    pool.faults.next('GET /export_raw_vdi', { kind: 'io-error', afterBytes: MIB });
    const { status, body } = await http(`${pool.url}${path}`);
    expect([status, body.length]).toEqual([200, MIB]);
    await pool.settled();
    expect(await outcome(task)).toEqual(IO_ERROR);
  });
});

describe('tasks', () => {
  it('one that is told late is pending until then, though its work is done', async () => {
    const task = await root.text('Async.VDI.create', fields(MIB)).catch(String);
    expect(await finished(task)).toEqual(['success']);
    pool.faults.next('Async.VDI.create', { kind: 'slow-task', delayMs: 300 });
    const before = pool.objects.all('VDI').length;
    const late = await root.text('Async.VDI.create', fields(MIB));
    await expect.poll(() => pool.objects.all('VDI').length).toBe(before + 1);
    expect(await outcome(late)).toEqual(['pending']);
    expect(await finished(late)).toEqual(['success']);
  });

  it('progress of an upload comes late as well', async () => {
    const sent = await upload();
    pool.faults.next('PUT /import_raw_vdi', { kind: 'slow-task', delayMs: 300 });
    await put(sent);
    expect(await root.call('task.get_record', sent.task)).toMatchObject({ status: 'pending', progress: 0 });
    expect(await finished(sent.task)).toEqual(['success']);
  });

  it('the task of a call may be lost while the call is carried out', async () => {
    const before = pool.objects.all('VDI').length;
    pool.faults.next('Async.VDI.create', { kind: 'task-lost' });
    const task = await root.text('Async.VDI.create', fields(MIB));
    await expect(root.call('task.get_record', task)).rejects.toThrow(`HANDLE_INVALID task ${task}`);
    await pool.settled();
    expect(pool.objects.all('VDI').length).toBe(before + 1);
  });
});

describe('calls', () => {
  it.each([
    ['TOO_BUSY', []],
    ['SR_BACKEND_FAILURE_46', ['', 'The VDI is not available [opterr=busy]', '']],
    ['HOST_IS_SLAVE', ['127.0.0.9']],
  ])('%s comes as an error of the API, with its parameters', async (code, params) => {
    pool.faults.next('pool.get_all', { kind: 'failure', code, params });
    const { status, body } = await http(`${pool.url}/jsonrpc`, {
      method: 'POST',
      body: bodyOf('pool.get_all'),
    });
    expect([status, JSON.parse(body.toString())]).toEqual([
      200,
      { jsonrpc: '2.0', error: { code: 1, message: code, data: params }, id: 1 },
    ]);
  });

  it('a status comes without a word of the API', async () => {
    pool.faults.next('pool.get_all', { kind: 'status', status: 503 });
    const call = { method: 'POST', body: bodyOf('pool.get_all') };
    expect((await http(`${pool.url}/jsonrpc`, call)).status).toBe(503);
  });

  it('a host that is starting answers so on every path, in each protocol its own way', async () => {
    pool.faults.next('*', { kind: 'booting' }, 3);
    const json = await http(`${pool.url}/jsonrpc`, { method: 'POST', body: bodyOf('pool.get_all') });
    expect(JSON.parse(json.body.toString())).toEqual({
      jsonrpc: '2.0',
      error: ['HOST_STILL_BOOTING'],
      id: 0,
    });
    const call = `<methodCall><methodName>pool.get_all</methodName><params/></methodCall>`;
    expect((await http(pool.url, { method: 'POST', body: call })).body.toString()).toContain(
      '<name>ErrorDescription</name><value><array><data><value>HOST_STILL_BOOTING</value></data></array></value>',
    );
    const transfer = await http(`${pool.url}/export_raw_vdi?session_id=${root.session}&vdi=x`);
    expect([transfer.status, transfer.body.toString()]).toEqual([
      500,
      expect.stringContaining('HOST_STILL_BOOTING'),
    ]);
  });

  it('an answer may be lost before the call is carried out, or after', async () => {
    const count = (): number => pool.objects.all('VDI').length;
    const before = count();
    pool.faults.next('VDI.create', { kind: 'cut' });
    await expect(root.call('VDI.create', fields(MIB))).rejects.toThrow(/hang up|ECONNRESET/);
    expect(count()).toBe(before);
    pool.faults.next('VDI.create', { kind: 'answer-lost' });
    await expect(root.call('VDI.create', fields(MIB))).rejects.toThrow(/hang up|ECONNRESET/);
    expect(count()).toBe(before + 1);
  });

  it('a session that ends is unknown from then on', async () => {
    const other = await logIn(pool.url);
    pool.faults.next('pool.get_all', { kind: 'session-lost' });
    await expect(other.call('pool.get_all')).rejects.toThrow(`SESSION_INVALID ${other.session}`);
    await expect(other.call('VM.get_all')).rejects.toThrow(`SESSION_INVALID ${other.session}`);
  });

  it('a MAC that another machine has is taken, as the pool does: finding it is the client’s affair', async () => {
    const template = pool.objects.named('VM', 'Other install media').ref;
    const [network] = pool.objects.all('network');
    const vif = { device: '0', network: network?.ref, MAC: '00:50:56:0a:0b:0c', MTU: 1500, other_config: {} };
    const qos = { qos_algorithm_type: '', qos_algorithm_params: {} };
    for (const name of ['first', 'second']) {
      const VM = await root.text('VM.clone', template, name);
      await root.text('VIF.create', { ...vif, ...qos, VM });
    }
    const same = pool.objects.all('VIF').filter((row) => row.text('MAC') === vif.MAC);
    expect(same).toHaveLength(2);
  });
});

describe('hosts', () => {
  it('one that goes down drops what it does, refuses connections and comes back', async () => {
    const sent = await upload();
    const { url = '' } = pool.hosts[2] ?? {};
    pool.faults.next('PUT /import_raw_vdi', { kind: 'host-down', afterBytes: MIB, backAfterMs: 200 });
    await expect(put(sent, Buffer.alloc(4 * MIB), url)).rejects.toThrow(/ECONNRESET|EPIPE|hang up|aborted/);
    await expect(http(url)).rejects.toThrow('ECONNREFUSED');
    const live = (): boolean[] => pool.objects.all('host_metrics').map((row) => row.flag('live'));
    expect(live()).toEqual([true, true, false]);
    await expect.poll(() => http(url).then(({ status }) => status, String)).toBe(404);
    expect(live()).toEqual([true, true, true]);
    await pool.settled();
    expect(await outcome(sent.task)).toEqual(IO_ERROR);
  });

  it('a task of a host that is down cannot be asked to stop', async () => {
    const task = await root.text('task.create', 'work', '');
    pool.objects.find('task', task)?.set({ resident_on: pool.hosts[2]?.ref ?? '' });
    await pool.hosts[2]?.down();
    await expect(root.call('task.cancel', task)).rejects.toThrow(`CANNOT_CONTACT_HOST ${pool.hosts[2]?.ref}`);
    await pool.hosts[2]?.up();
    await root.call('task.cancel', task);
  });

  it('another one becomes the master: both start anew, sessions live on, the old one names the new one', async () => {
    const [old, next] = pool.hosts;
    pool.faults.next('pool.get_all', { kind: 'new-master', host: 1 });
    await expect(root.call('pool.get_all')).rejects.toThrow(/hang up|ECONNRESET/);
    const asked = async (url = ''): Promise<unknown> => {
      const { body } = await http(`${url}/jsonrpc`, { method: 'POST', body: bodyOf('pool.get_all') });
      return JSON.parse(body.toString());
    };
    for (const url of [old?.url, next?.url]) {
      expect(await asked(url)).toMatchObject({ error: ['HOST_STILL_BOOTING'] });
    }
    await delay(250);
    expect(await asked(old?.url)).toMatchObject({ error: { message: 'HOST_IS_SLAVE', data: ['127.0.0.2'] } });
    expect(await asked(next?.url)).toMatchObject({ result: [expect.stringMatching(/^OpaqueRef:/)] });
    await expect(rpc(old?.url ?? '', 'session.login_with_password', ['root', 'simulated'])).rejects.toThrow(
      'HOST_IS_SLAVE 127.0.0.2',
    );
    // Transfers know no master: any host with the storage takes them.
    old?.becomeMaster();
    await delay(250);
    expect(await asked(old?.url)).toMatchObject({ result: [expect.any(String)] });
  });
});

describe('a storm', () => {
  const PLACES = ['session.login_with_password', 'VM.get_record', 'Async.VDI.create', 'PUT /import_raw_vdi'];

  function met(
    seed: number,
    order: readonly string[],
    probability = 0.3,
  ): ReadonlyMap<string, readonly Fault[]> {
    const faults = new Faults();
    faults.storm({ seed, probability });
    const found = new Map<string, Fault[]>(PLACES.map((place) => [place, []]));
    for (const place of order) {
      found.get(place)?.push(...faults.meet(place));
    }
    return found;
  }

  const rounds = Array.from({ length: 400 }, () => PLACES).flat();

  it('is the same for the same seed, whatever else is called in between, and another for another', () => {
    const one = met(7, rounds);
    expect(met(7, [...rounds].sort())).toEqual(one);
    expect(met(8, rounds)).not.toEqual(one);
  });

  it('hits as often as it is told', () => {
    const hits = [...met(1, rounds).values()].flat().length / rounds.length;
    expect(hits).toBeGreaterThan(0.25);
    expect(hits).toBeLessThan(0.35);
    expect([...met(1, rounds, 0).values()].flat()).toEqual([]);
  });

  it('brings every fault where it can happen, and none where it cannot', () => {
    const kinds = (place: string): ReadonlySet<string> =>
      new Set(
        met(3, rounds, 1)
          .get(place)
          ?.map(({ kind }) => kind),
      );
    const anywhere = ['slow', 'status', 'booting', 'host-down'];
    const calls = [...anywhere, 'failure', 'cut', 'answer-lost'];
    expect(kinds('session.login_with_password')).toEqual(new Set(calls));
    expect(kinds('VM.get_record')).toEqual(new Set([...calls, 'session-lost', 'new-master']));
    const tasks = [...calls, 'session-lost', 'new-master', 'task-lost', 'slow-task'];
    expect(kinds('Async.VDI.create')).toEqual(new Set([...tasks, 'sr-full']));
    const transfers = ['cut', 'io-error', 'sr-full', 'session-lost', 'task-lost', 'slow-task', 'redirect'];
    expect(kinds('PUT /import_raw_vdi')).toEqual(new Set([...anywhere, ...transfers]));
  });

  it('lets a client through that repeats what fails', async () => {
    const stormy = await startPool({
      certificate: POOL_CERTIFICATE,
      hosts: [{}, {}],
      timings: { restartMs: 20, detachMs: 5 },
    });
    stormy.faults.storm({ seed: 11, probability: 0.2, timeScale: 0.01 });
    const bytes = randomBytes(2 * MIB);
    /** Tries at every host until something is done; a new session each time. */
    const insist = async <T>(act: (caller: XapiCaller, url: string) => Promise<T>): Promise<T> => {
      for (let attempt = 0; attempt < 200; attempt += 1) {
        const { url } = stormy.hosts[attempt % 2] ?? stormy;
        try {
          return await act(await logIn(url), url);
        } catch {
          await delay(10);
        }
      }
      throw new Error('nothing gets through');
    };
    const made = { type: 'user', sharable: false, read_only: false, other_config: {}, virtual_size: 2 * MIB };
    const SR = stormy.objects.named('SR', 'Local storage').ref;
    const stored: string[] = [];
    for (let disk = 0; disk < 10; disk += 1) {
      stored.push(
        await insist(async (caller) => {
          const vdi = await caller.text('VDI.create', { ...made, SR });
          const task = await caller.text('task.create', 'upload', '');
          const path = `/import_raw_vdi?session_id=${caller.session}&task_id=${task}&vdi=${vdi}`;
          // The repository is attached to the first host alone.
          await http(`${stormy.hosts[0]?.url}${path}`, { method: 'PUT', body: bytes });
          await stormy.settled();
          expect(await caller.call('task.get_status', task)).toBe('success');
          return vdi;
        }),
      );
    }
    expect(stored.map((vdi) => readFileSync(stormy.vdiFile(vdi)).equals(bytes))).toEqual(
      stored.map(() => true),
    );
    await stormy.close();
  });
});
