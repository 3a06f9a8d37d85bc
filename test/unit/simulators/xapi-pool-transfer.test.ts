import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SimulatedPool, startPool } from '../../simulators/xapi-pool/index.js';
import { tempFiles } from '../../support/temp-files.js';
import {
  type HttpAnswer,
  http,
  logIn,
  POOL_CERTIFICATE,
  type XapiCaller,
} from '../../support/xapi-caller.js';

const MIB = 1024 * 1024;
const { folder } = tempFiles();

let pool: SimulatedPool;
let root: XapiCaller;

beforeAll(async () => {
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    hosts: [{}, {}],
    timings: { detachMs: 5 },
    repositories: [
      { name: 'Local storage', type: 'ext', size: 64 * 1024 * MIB, hosts: [0] },
      { name: 'Far storage', type: 'ext', size: 1024 * MIB, hosts: [1] },
      { name: 'Thick storage', type: 'lvm', size: 20 * MIB, hosts: [0] },
      { name: 'Small storage', type: 'ext', size: 4 * MIB, hosts: [0] },
      { name: 'ISO library', type: 'iso', size: 1024 * MIB, shared: true },
    ],
  });
  root = await logIn(pool.url);
});

afterAll(() => pool.close());

function sr(name: string): string {
  return pool.objects.named('SR', name).ref;
}

async function createVdi(size: number, repository = 'Local storage'): Promise<string> {
  const fixed = { type: 'user', sharable: false, read_only: false, other_config: {} };
  return root.text('VDI.create', { ...fixed, SR: sr(repository), virtual_size: size });
}

interface Upload {
  readonly vdi: string;
  readonly task: string;
  readonly path: string;
}

async function upload(vdi: string, query = ''): Promise<Upload> {
  const task = await root.text('task.create', 'upload', '');
  return { vdi, task, path: `/import_raw_vdi?session_id=${root.session}&task_id=${task}&vdi=${vdi}${query}` };
}

async function put({ path }: Upload, body: Buffer, url = pool.url): Promise<HttpAnswer> {
  const answer = await http(`${url}${path}`, { method: 'PUT', body });
  await pool.settled();
  return answer;
}

/** Sends bytes, ends the stream in order, and gives what was answered. */
async function send(text: string, body: Buffer): Promise<string> {
  const { hostname, port } = new URL(pool.url);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca: POOL_CERTIFICATE.cert });
    let told = '';
    socket.on('data', (piece: Buffer) => {
      told += piece.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(told));
    socket.end(Buffer.concat([Buffer.from(text), body]));
  });
  await pool.settled();
  return answer;
}

async function outcome({ task }: Upload): Promise<readonly string[]> {
  const status = await root.text('task.get_status', task);
  const error = await root.call('task.get_error_info', task);
  return [status, ...(error as string[])];
}

const IO_ERROR = ['failure', 'VDI_IO_ERROR', 'Device I/O errors'];

function content(vdi: string): Buffer {
  return readFileSync(pool.vdiFile(vdi));
}

function record(offset: number, data: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeBigUInt64LE(BigInt(offset), 0);
  header.writeUInt32LE(data.length, 8);
  return Buffer.concat([header, data]);
}

const END = Buffer.alloc(12);

/** A raw disk of so many bytes with some data, and the same in a format that qemu-img writes. */
function converted(name: string, bytes: number, options: readonly string[]): { raw: Buffer; made: Buffer } {
  const raw = Buffer.alloc(bytes);
  for (let offset = 0; offset < bytes; offset += 3 * MIB) {
    randomBytes(4096).copy(raw, offset);
  }
  const [from, to] = [join(folder, `${name}.raw`), join(folder, name)];
  writeFileSync(from, raw);
  execFileSync('qemu-img', ['convert', '-f', 'raw', ...options, from, to]);
  return { raw, made: readFileSync(to) };
}

describe('raw uploads', () => {
  it('are answered before anything is read, and their bytes arrive', async () => {
    const sent = await upload(await createVdi(6 * MIB));
    const bytes = randomBytes(5 * MIB + 100);
    const answer = await put(sent, bytes);
    expect([answer.status, answer.headers['task-id'], answer.body.length]).toEqual([200, sent.task, 0]);
    expect(await root.call('task.get_record', sent.task)).toMatchObject({
      status: 'success',
      result: `<value>${sent.vdi}</value>`,
    });
    const arrived = content(sent.vdi);
    expect(arrived.subarray(0, bytes.length).equals(bytes)).toBe(true);
    expect(arrived.subarray(bytes.length).every((byte) => byte === 0)).toBe(true);
  });

  it('longer than the disk fail at its end', async () => {
    const sent = await upload(await createVdi(2 * MIB));
    const answer = await put(sent, Buffer.alloc(4 * MIB, 1));
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toMatch(/^HTTP\/1\.1 400 [\s\S]*HTTP\/1\.1 500 /);
    expect(await outcome(sent)).toEqual(IO_ERROR);
  });

  it.each([
    ['in the middle', 4 * MIB, false],
    ['one byte into the last 2 MiB', 4 * MIB + 1, true],
    ['one byte before the end', 6 * MIB - 1, true],
  ])('that end in order %s are taken for whole only near the end', async (_name, length, whole) => {
    const sent = await upload(await createVdi(6 * MIB));
    const head = `PUT ${sent.path} HTTP/1.1\r\nContent-Length: ${6 * MIB}\r\n\r\n`;
    await send(head, Buffer.alloc(length, 7));
    expect((await outcome(sent))[0]).toBe(whole ? 'success' : 'failure');
  });

  it('with a Transfer-Encoding are refused with 404', async () => {
    const sent = await upload(await createVdi(2 * MIB));
    const answer = await http(`${pool.url}${sent.path}`, {
      method: 'PUT',
      body: 'x',
      headers: { 'transfer-encoding': 'chunked' },
    });
    expect(answer.status).toBe(404);
    expect((await outcome(sent)).join(' ')).toContain('Cannot handle encoding: chunked');
  });

  it('without a session leave their task pending', async () => {
    const sent = await upload(await createVdi(2 * MIB));
    const answer = await put(
      { ...sent, path: sent.path.replace(root.session, 'OpaqueRef:no') },
      Buffer.alloc(10),
    );
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Basic realm="VDI.import"']);
    expect(await outcome(sent)).toEqual(['pending']);
  });

  it('without a disk create one of their length', async () => {
    const bytes = randomBytes(3 * MIB);
    const path = `/import_raw_vdi?session_id=${root.session}&sr_id=${sr('Local storage')}`;
    const answer = await http(`${pool.url}${path}`, { method: 'PUT', body: bytes });
    await pool.settled();
    const task = String(answer.headers['task-id']);
    const result = await root.text('task.get_result', task);
    const vdi = /^<value>(.*)<\/value>$/.exec(result)?.[1] ?? '';
    expect(content(vdi).subarray(0, bytes.length).equals(bytes)).toBe(true);
    expect(await root.call('VDI.get_record', vdi)).toMatchObject({
      name_label: 'Imported VDI',
      virtual_size: 4 * MIB,
    });
  });
});

describe('chunked uploads', () => {
  it('arrive in any order, over one another and with gaps', async () => {
    const sent = await upload(await createVdi(6 * MIB), '&chunked=true');
    const [first, second] = [Buffer.alloc(4096, 1), Buffer.alloc(512, 2)];
    const records = [
      record(5 * MIB, first),
      record(4096, Buffer.alloc(0)),
      record(512, first),
      record(1024, second),
    ];
    await put(sent, Buffer.concat([...records, END, Buffer.from('ignored')]));
    expect(await outcome(sent)).toEqual(['success']);
    const expected = Buffer.alloc(6 * MIB);
    first.copy(expected, 5 * MIB);
    first.copy(expected, 512);
    second.copy(expected, 1024);
    expect(content(sent.vdi).equals(expected)).toBe(true);
  });

  it.each([
    ['an offset between sectors', Buffer.concat([record(100, Buffer.alloc(512)), END])],
    ['no end', record(0, Buffer.alloc(512))],
    ['half an end', Buffer.concat([record(0, Buffer.alloc(512)), END.subarray(6)])],
    ['data past the disk', Buffer.concat([record(6 * MIB, Buffer.alloc(512)), END])],
  ])('with %s fail', async (_name, body) => {
    const sent = await upload(await createVdi(6 * MIB), '&chunked');
    // The announced length means nothing here: only the end of the stream does.
    await send(`PUT ${sent.path} HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n`, body);
    expect(await outcome(sent)).toEqual(IO_ERROR);
  });

  it('are for raw alone', async () => {
    const sent = await upload(await createVdi(2 * MIB), '&chunked&format=vhd');
    expect((await put(sent, END)).status).toBe(404);
  });
});

describe('VHD uploads', () => {
  const dynamic = ['-O', 'vpc', '-o', 'subformat=dynamic,force_size=on'];

  it('a dynamic one of qemu-img arrives', async () => {
    const { raw, made } = converted('dynamic.vhd', 20 * MIB, dynamic);
    const sent = await upload(await createVdi(20 * MIB), '&format=VHD');
    await put(sent, made);
    expect(await outcome(sent)).toEqual(['success']);
    expect(content(sent.vdi).equals(raw)).toBe(true);
  });

  it('a fixed one is refused', async () => {
    const { made } = converted('fixed.vhd', 4 * MIB, ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on']);
    const sent = await upload(await createVdi(20 * MIB), '&format=vhd');
    await put(sent, made);
    expect(await outcome(sent)).toEqual(IO_ERROR);
  });

  it.each([
    ['cut in its last block', (made: Buffer) => made.subarray(0, made.length - 2 * MIB), 'failure'],
    ['without its second footer', (made: Buffer) => made.subarray(0, made.length - 512), 'failure'],
    ['with half a second footer', (made: Buffer) => made.subarray(0, made.length - 256), 'success'],
  ])('%s', async (_name, cut, expected) => {
    const { made } = converted('cut.vhd', 8 * MIB, dynamic);
    const sent = await upload(await createVdi(8 * MIB), '&format=vhd');
    await send(`PUT ${sent.path} HTTP/1.1\r\nContent-Length: ${made.length}\r\n\r\n`, cut(made));
    expect((await outcome(sent))[0]).toBe(expected);
  });

  it('announced longer than it is arrives whole and fails all the same', async () => {
    const { raw, made } = converted('long.vhd', 8 * MIB, dynamic);
    const sent = await upload(await createVdi(8 * MIB), '&format=vhd');
    await send(`PUT ${sent.path} HTTP/1.1\r\nContent-Length: ${2 ** 50}\r\n\r\n`, made);
    expect(await outcome(sent)).toEqual(IO_ERROR);
    expect(content(sent.vdi).equals(raw)).toBe(true);
  });

  it('with a wrong checksum is refused', async () => {
    const { made } = converted('wrong.vhd', 4 * MIB, dynamic);
    made.writeUInt32BE(1, 64);
    const sent = await upload(await createVdi(4 * MIB), '&format=vhd');
    await put(sent, made);
    expect(await outcome(sent)).toEqual(IO_ERROR);
  });

  it('of other blocks than 2 MiB passes with the wrong content', async () => {
    const { raw, made } = converted('odd.vhd', 4 * MIB, dynamic);
    const [header, blocks] = [Buffer.from(made.subarray(512, 1536)), 8];
    header.writeUInt32BE(blocks, 28);
    header.writeUInt32BE(MIB / 2, 32);
    header.writeUInt32BE(0, 36);
    header.writeUInt32BE(~header.reduce((sum, byte) => sum + byte, 0) >>> 0, 36);
    const bat = Buffer.alloc(512, 0xff);
    const block = Buffer.concat([Buffer.alloc(512, 0xff), raw.subarray(0, MIB / 2)]);
    bat.writeUInt32BE(4, 0);
    const footer = made.subarray(0, 512);
    const sent = await upload(await createVdi(4 * MIB), '&format=vhd');
    await put(sent, Buffer.concat([footer, header, bat, block, footer]));
    expect((await outcome(sent))[0]).toBe('success');
    expect(content(sent.vdi).equals(raw)).toBe(false);
  });
});

describe('qcow2 uploads', () => {
  const qcow2 = ['-O', 'qcow2'];

  it('of one table arrives', async () => {
    const { raw, made } = converted('one.qcow2', 20 * MIB, qcow2);
    const sent = await upload(await createVdi(20 * MIB), '&format=qcow2');
    await put(sent, made);
    expect(await outcome(sent)).toEqual(['success']);
    expect(content(sent.vdi).equals(raw)).toBe(true);
  });

  it.each([
    ['whose tables lie between its data', ['-O', 'qcow2', '-o', 'cluster_size=512']],
    ['that is compressed', ['-c', '-O', 'qcow2']],
  ])('%s is refused', async (_name, options) => {
    const { made } = converted('refused.qcow2', 20 * MIB, options);
    const sent = await upload(await createVdi(20 * MIB), '&format=qcow2');
    await put(sent, made);
    expect(await outcome(sent)).toEqual(IO_ERROR);
  });
});

describe('exports', () => {
  it('give back what was uploaded, raw and as a VHD that qemu-img reads', async () => {
    const sent = await upload(await createVdi(6 * MIB));
    const bytes = Buffer.alloc(6 * MIB);
    randomBytes(MIB).copy(bytes, 4 * MIB);
    await put(sent, bytes);
    const path = `/export_raw_vdi?session_id=${root.session}&vdi=${sent.vdi}`;
    expect((await http(`${pool.url}${path}`)).body.equals(bytes)).toBe(true);
    const vhd = await http(`${pool.url}${path}&format=vhd`);
    const [from, to] = [join(folder, 'export.vhd'), join(folder, 'export.raw')];
    writeFileSync(from, vhd.body);
    execFileSync('qemu-img', ['convert', '-f', 'vpc', '-O', 'raw', from, to]);
    expect(readFileSync(to).equals(bytes)).toBe(true);
  });
});

describe('exports of what is not in another disk', () => {
  /** A disk of three grains, and a copy of it of which the second is other and the third is zeros. */
  async function pair(): Promise<{ base: Upload; changed: Upload; bytes: Buffer }> {
    const bytes = randomBytes(6 * MIB);
    const base = await upload(await createVdi(6 * MIB));
    await put(base, bytes);
    const changed = await upload(await root.text('VDI.clone', base.vdi), '&chunked');
    const zeros = Buffer.alloc(2 * MIB);
    const other = Buffer.alloc(2 * MIB, 9);
    await put(changed, Buffer.concat([record(2 * MIB, other), record(4 * MIB, zeros), END]));
    return { base, changed, bytes: Buffer.concat([bytes.subarray(0, 2 * MIB), other, zeros]) };
  }

  it('as a VHD hold the changed blocks, which bring the other disk to the same content', async () => {
    const { base, changed, bytes } = await pair();
    const path = `/export_raw_vdi?session_id=${root.session}&vdi=${changed.vdi}&format=vhd&base=${base.vdi}`;
    const { body } = await http(`${pool.url}${path}`);
    const uuid = await root.text('VDI.get_uuid', base.vdi);
    expect(body.readUInt32BE(60)).toBe(4);
    expect(body.subarray(512 + 40, 512 + 56).toString('hex')).toBe(uuid.replaceAll('-', ''));
    expect(body.length).toBe(2048 + 2 * (512 + 2 * MIB) + 512);
    const below = await upload(base.vdi, '&format=vhd');
    await put(below, body);
    expect(await outcome(below)).toEqual(['success']);
    expect(content(base.vdi).equals(bytes)).toBe(true);
  });

  it('as raw bytes have zeros in place of what is the same', async () => {
    const { base, changed, bytes } = await pair();
    const path = `/export_raw_vdi?session_id=${root.session}&vdi=${changed.vdi}&base=${base.vdi}`;
    const { body } = await http(`${pool.url}${path}`);
    expect(body.equals(Buffer.concat([Buffer.alloc(2 * MIB), bytes.subarray(2 * MIB)]))).toBe(true);
  });

  it('against a disk that is not there fail', async () => {
    const { changed } = await pair();
    const task = await root.text('task.create', 'download', '');
    const path = `/export_raw_vdi?session_id=${root.session}&task_id=${task}&vdi=${changed.vdi}&base=none`;
    await http(`${pool.url}${path}`);
    await pool.settled();
    expect(await outcome({ ...changed, task })).toEqual(['failure', 'UUID_INVALID', 'VDI', 'none']);
  });
});

describe('storage', () => {
  it('rounds sizes up to 2 MiB and refuses what no VHD holds', async () => {
    expect(await root.call('VDI.get_virtual_size', await createVdi(2 * MIB + 1))).toBe(4 * MIB);
    await expect(createVdi(2041 * 1024 * MIB)).rejects.toThrow(
      'SR_BACKEND_FAILURE_79  VDI Invalid size [opterr=VDI size must be between 1 MB and 2088960 MB]',
    );
  });

  it('a thick one is full when its disks are created, a thin one when they are written', async () => {
    await expect(createVdi(22 * MIB, 'Thick storage')).rejects.toThrow(
      'SR_BACKEND_FAILURE_44  There is insufficient space ',
    );
    const sent = await upload(await createVdi(8 * MIB, 'Small storage'));
    await put(sent, Buffer.alloc(8 * MIB, 1));
    expect(await outcome(sent)).toEqual(IO_ERROR);
  });

  it('a disk is attached to the host while it is written', async () => {
    const sent = await upload(await createVdi(2 * MIB));
    pool.faults.next('PUT /import_raw_vdi', { kind: 'slow', bytesPerSecond: 4 * MIB });
    const uploading = put(sent, Buffer.alloc(2 * MIB, 1));
    const attached = async (): Promise<boolean> =>
      ((await root.call('VDI.get_VBDs', sent.vdi)) as string[]).length > 0;
    await expect.poll(attached).toBe(true);
    await expect(root.call('VDI.destroy', sent.vdi)).rejects.toThrow(`VDI_IN_USE ${sent.vdi} destroy`);
    await uploading;
    await root.call('VDI.destroy', sent.vdi);
    await expect(root.call('VDI.get_uuid', sent.vdi)).rejects.toThrow('HANDLE_INVALID VDI');
  });

  it.each([
    'raw',
    'vhd',
  ])('a request without a body, by which clients find the way, is not in the way: %s', async (format) => {
    const sent = await upload(await createVdi(2 * MIB));
    const probe = sent.path.replace(`task_id=${sent.task}&`, '');
    const first = http(`${pool.url}${probe}&format=${format}`, { method: 'PUT', body: '' });
    expect((await first).status).toBe(200);
    await put(sent, Buffer.alloc(2 * MIB, 1));
    expect(await outcome(sent)).toEqual(['success']);
  });

  it('a host without the storage sends the client to one that has it', async () => {
    const sent = await upload(await createVdi(2 * MIB, 'Far storage'));
    const answer = await put(sent, Buffer.alloc(2 * MIB, 3));
    const far = pool.hosts[1]?.url ?? '';
    expect([answer.status, answer.headers.location]).toEqual([302, `${far}${sent.path}`]);
    expect(await outcome(sent)).toEqual(['pending']);
    await put(sent, Buffer.alloc(2 * MIB, 3), far);
    expect(await outcome(sent)).toEqual(['success']);
  });
});

describe('faults', () => {
  it.each([
    [{ kind: 'io-error', afterBytes: MIB }, IO_ERROR],
    [{ kind: 'sr-full', afterBytes: MIB }, IO_ERROR],
  ] as const)('%o fails in mid-stream', async (fault, expected) => {
    const sent = await upload(await createVdi(4 * MIB));
    pool.faults.next('PUT /import_raw_vdi', fault);
    await put(sent, Buffer.alloc(4 * MIB, 1)).catch(() => {});
    await pool.settled();
    expect(await outcome(sent)).toEqual(expected);
    const far = pool.objects.named('SR', 'Local storage');
    far.set({ physical_utilisation: 0 });
  });

  it('a cut connection fails its task, and the next upload arrives', async () => {
    const sent = await upload(await createVdi(4 * MIB));
    pool.faults.next('PUT /import_raw_vdi', { kind: 'cut', afterBytes: 1000 });
    await put(sent, Buffer.alloc(4 * MIB, 1)).catch(() => {});
    await pool.settled();
    expect(await outcome(sent)).toEqual(IO_ERROR);
    const again = await upload(sent.vdi);
    await put(again, Buffer.alloc(4 * MIB, 1));
    expect(await outcome(again)).toEqual(['success']);
  });

  it('a lost task is not there any more, while the bytes arrive', async () => {
    const sent = await upload(await createVdi(4 * MIB));
    pool.faults.next('PUT /import_raw_vdi', { kind: 'task-lost', afterBytes: MIB });
    await put(sent, Buffer.alloc(4 * MIB, 1));
    await expect(outcome(sent)).rejects.toThrow(`HANDLE_INVALID task ${sent.task}`);
    expect(content(sent.vdi).every((byte) => byte === 1)).toBe(true);
  });

  it('failures, statuses and lost sessions hit the next call alone', async () => {
    pool.faults.next('pool.get_all', { kind: 'failure', code: 'TOO_BUSY' });
    await expect(root.call('pool.get_all')).rejects.toThrow('TOO_BUSY');
    await root.call('pool.get_all');
    pool.faults.next('*', { kind: 'status', status: 503 });
    const path = `/export_raw_vdi?session_id=${root.session}&vdi=x`;
    expect((await http(`${pool.url}${path}`)).status).toBe(503);
    const other = await logIn(pool.url);
    pool.faults.next('pool.get_all', { kind: 'session-lost' });
    await expect(other.call('pool.get_all')).rejects.toThrow('SESSION_INVALID');
    await expect(other.call('pool.get_all')).rejects.toThrow('SESSION_INVALID');
  });

  it('the same seed gives the same faults', async () => {
    const tried = async (): Promise<readonly boolean[]> => {
      pool.faults.clear();
      pool.faults.randomly(
        'pool.get_all',
        { kind: 'failure', code: 'TOO_BUSY' },
        { seed: 7, probability: 0.5 },
      );
      const results: boolean[] = [];
      for (let index = 0; index < 12; index += 1) {
        results.push(
          await root.call('pool.get_all').then(
            () => true,
            () => false,
          ),
        );
      }
      pool.faults.clear();
      return results;
    };
    const first = await tried();
    expect(new Set(first).size).toBe(2);
    expect(await tried()).toEqual(first);
  });

  it('a host that is down refuses connections until it is up', async () => {
    const second = pool.hosts[1];
    await second?.down();
    await expect(http(second?.url ?? '')).rejects.toThrow('ECONNREFUSED');
    await second?.up();
    expect((await http(second?.url ?? '')).status).toBe(404);
  });
});
