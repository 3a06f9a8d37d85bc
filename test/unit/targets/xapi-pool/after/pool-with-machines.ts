import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { connectPool, type Ref, type XapiClient } from '../../../../../src/xapi/index.js';
import { type PoolOptions, type SimulatedPool, startPool } from '../../../../simulators/xapi-pool/index.js';
import { http, logIn, POOL_CERTIFICATE, type XapiCaller } from '../../../../support/xapi-caller.js';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
export const LAN = 'Pool-wide network associated with eth0';
export const JOB = 'job-1';

/** Seconds are milliseconds here. */
const patience = { connect: 2_000, idle: 4_000, pauseScale: 0.001 };

export interface TestPool {
  readonly pool: SimulatedPool;
  readonly client: XapiClient;
  readonly root: XapiCaller;
  named(className: string, name: string): Ref;
}

/** Two hosts, each with a repository of its own, one that both see, and one that is too small. */
export async function testPool(options: PoolOptions = {}): Promise<TestPool> {
  const pool = await startPool({
    certificate: POOL_CERTIFICATE,
    portInAddress: true,
    hosts: [{ memory: 16 * GIB }, { memory: 16 * GIB }],
    repositories: [
      { name: 'shared', type: 'nfs', size: 1024 * GIB },
      { name: 'first', type: 'ext', size: 1024 * GIB, hosts: [0] },
      { name: 'second', type: 'ext', size: 1024 * GIB, hosts: [1] },
      { name: 'tiny', type: 'nfs', size: 4 * MIB },
    ],
    ...options,
  });
  onTestFinished(() => pool.close());
  // Of each test's own: files of tests that share this module may run in one process.
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const password = { file: join(folder, 'password') };
  writeFileSync(password.file, 'simulated');
  const tlsFingerprints = pool.hosts.map(({ tlsFingerprint }) => tlsFingerprint);
  const client = await connectPool({ url: pool.url, user: 'root', password, tlsFingerprints, patience });
  onTestFinished(() => client.close());
  const root = await logIn(pool.url);
  return { pool, client, root, named: (className, name) => pool.objects.named(className, name).ref };
}

export interface TestVm {
  readonly vm: Ref;
  readonly uuid: string;
  readonly disks: readonly { readonly vdi: Ref; readonly vbd: Ref; readonly content: Buffer }[];
}

/** A VM as an import leaves it, with disks of 6 MiB and a network card, marked as the job's. */
export async function importedVm(
  { pool, root, named }: TestPool,
  name: string,
  repositories: readonly string[] = ['first'],
): Promise<TestVm> {
  const vm = await root.text('VM.clone', named('VM', 'Other install media'), name);
  await root.call('VM.set_is_a_template', vm, false);
  const own = async (className: string, ref: Ref): Promise<string> => {
    const uuid = await root.text(`${className}.get_uuid`, ref);
    await root.call(`${className}.add_to_other_config`, ref, 'xenferry:job', JOB);
    await root.call(`${className}.add_to_other_config`, ref, 'xenferry:self', uuid);
    return uuid;
  };
  const uuid = await own('VM', vm);
  const qos = { qos_algorithm_type: '', qos_algorithm_params: {}, other_config: {} };
  const disks = [];
  for (const [index, repository] of repositories.entries()) {
    const fixed = { type: 'user', sharable: false, read_only: false, other_config: { note: 'kept' } };
    const facts = { name_label: `${name} ${index}`, SR: named('SR', repository), virtual_size: 6 * MIB };
    const vdi = await root.text('VDI.create', { ...fixed, ...facts });
    await own('VDI', vdi);
    const content = Buffer.alloc(6 * MIB, `${name} ${index}`);
    const query = new URLSearchParams({ session_id: root.session, vdi, format: 'raw' });
    const to = pool.hosts[repository === 'second' ? 1 : 0]?.url;
    await http(`${to}/import_raw_vdi?${query}`, { method: 'PUT', body: content });
    await pool.settled();
    const place = { VM: vm, VDI: vdi, userdevice: String(index), bootable: index === 0 };
    const kind = { mode: 'RW', type: 'Disk', empty: false };
    disks.push({ vdi, content, vbd: await root.text('VBD.create', { ...qos, ...place, ...kind }) });
  }
  const card = { device: '0', network: named('network', LAN), VM: vm, MAC: '00:50:56:00:00:01', MTU: 1500 };
  await root.call('VIF.create', { ...qos, ...card });
  return { vm, uuid, disks };
}

export interface HungDisk {
  readonly vdi: Ref;
  readonly userdevice: string;
  readonly repository: string;
  readonly bootable: boolean;
  readonly content: Buffer;
}

/** What hangs on a VM, in the order of its devices. */
export function hungDisks({ pool }: TestPool, vm: Ref): HungDisk[] {
  return pool.objects
    .all('VBD')
    .filter((vbd) => vbd.text('VM') === vm && vbd.text('type') === 'Disk')
    .map((vbd) => {
      const vdi = pool.objects.find('VDI', vbd.text('VDI'));
      const sr = pool.objects.find('SR', vdi?.text('SR') ?? '');
      return {
        vdi: vbd.text('VDI'),
        userdevice: vbd.text('userdevice'),
        repository: sr?.text('name_label') ?? '',
        bootable: vbd.flag('bootable'),
        content: readFileSync(pool.vdiFile(vbd.text('VDI'))),
      };
    })
    .sort((a, b) => Number(a.userdevice) - Number(b.userdevice));
}
