import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type PoolOptions, type SimulatedPool, startPool } from '../../simulators/xapi-pool/index.js';
import { http, logIn, POOL_CERTIFICATE, type XapiCaller } from '../../support/xapi-caller.js';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const LAN = 'Pool-wide network associated with eth0';

interface Connected {
  readonly pool: SimulatedPool;
  readonly root: XapiCaller;
  named(className: string, name: string): string;
}

/** Two hosts, each with a repository of its own, and one that both see. */
async function connected(options: PoolOptions = {}): Promise<Connected> {
  const pool = await startPool({
    certificate: POOL_CERTIFICATE,
    hosts: [{}, {}],
    repositories: [
      { name: 'shared', type: 'nfs', size: 1024 * GIB },
      { name: 'first', type: 'ext', size: 1024 * GIB, hosts: [0] },
      { name: 'second', type: 'ext', size: 1024 * GIB, hosts: [1] },
      { name: 'tiny', type: 'nfs', size: 4 * MIB },
    ],
    ...options,
  });
  onTestFinished(() => pool.close());
  const root = await logIn(pool.url);
  return { pool, root, named: (className, name) => pool.objects.named(className, name).ref };
}

interface Machine {
  readonly vm: string;
  readonly vbd: string;
  readonly vdi: string;
  readonly vif: string;
  readonly content: Buffer;
}

/** With a disk of 6 MiB that has something in it, and a network interface. */
async function machine({ pool, root, named }: Connected, repository = 'first'): Promise<Machine> {
  const vm = await root.text('VM.clone', named('VM', 'Other install media'), 'web');
  await root.call('VM.set_is_a_template', vm, false);
  const fixed = { type: 'user', sharable: false, read_only: false, other_config: { mine: 'yes' } };
  const vdi = await root.text('VDI.create', {
    ...fixed,
    name_label: 'web 0',
    SR: named('SR', repository),
    virtual_size: 6 * MIB,
  });
  const content = Buffer.alloc(6 * MIB, 'content');
  const query = new URLSearchParams({ session_id: root.session, vdi, format: 'raw' });
  await http(`${pool.url}/import_raw_vdi?${query}`, { method: 'PUT', body: content });
  await pool.settled();
  const qos = { qos_algorithm_type: '', qos_algorithm_params: {}, other_config: {} };
  const disk = { VM: vm, VDI: vdi, userdevice: '0', bootable: true, mode: 'RW', type: 'Disk', empty: false };
  const vbd = await root.text('VBD.create', { ...qos, ...disk });
  const card = { device: '0', network: named('network', LAN), VM: vm, MAC: '00:50:56:00:00:01', MTU: 1500 };
  const vif = await root.text('VIF.create', { ...qos, ...card });
  return { vm, vbd, vdi, vif, content };
}

function contentOf(pool: SimulatedPool, vdi: string): Buffer {
  return readFileSync(pool.vdiFile(vdi));
}

async function running(from: Connected, repository?: string): Promise<Machine> {
  const found = await machine(from, repository);
  await from.root.call('VM.start', found.vm, false, false);
  return found;
}

describe('a snapshot of a machine', () => {
  it('is a template of it with disks of their own', async () => {
    const from = await connected();
    const { pool, root } = from;
    const { vm, vdi, content } = await machine(from);
    const snapshot = await root.text('VM.snapshot', vm, 'before');
    const [row] = pool.objects.all('VM').filter(({ ref }) => ref === snapshot);
    expect([row?.flag('is_a_snapshot'), row?.flag('is_a_template'), row?.text('snapshot_of')]).toEqual([
      true,
      true,
      vm,
    ]);
    expect(await root.call('VM.get_snapshots', vm)).toEqual([snapshot]);
    const [disk = ''] = (await root.call('VDI.get_snapshots', vdi)) as string[];
    expect(contentOf(pool, disk).equals(content)).toBe(true);
    expect(await root.call('VDI.get_other_config', disk)).toEqual({ mine: 'yes' });
    await root.call('VM.destroy', snapshot);
    expect(await root.call('VM.get_snapshots', vm)).toEqual([]);
  });

  it('leaves nothing when its disks do not fit', async () => {
    const from = await connected({
      repositories: [{ name: 'first', type: 'lvm', size: 10 * MIB, hosts: [0] }],
    });
    const { vm } = await machine(from);
    await expect(from.root.call('VM.snapshot', vm, 'before')).rejects.toThrow('SR_BACKEND_FAILURE_44');
    expect(from.pool.objects.all('VDI')).toHaveLength(1);
    expect(await from.root.call('VM.get_snapshots', vm)).toEqual([]);
  });

  it('may be forbidden', async () => {
    const from = await connected();
    const { vm } = await machine(from);
    await from.root.call('VM.add_to_blocked_operations', vm, 'snapshot', 'not now');
    await expect(from.root.call('VM.snapshot', vm, 'x')).rejects.toThrow(`OPERATION_BLOCKED ${vm} not now`);
  });
});

describe('a machine that starts', () => {
  it('has a guest that reports after a while, and is forgotten with it', async () => {
    const guests = () => ({ reportsAfterMs: 1_000, networks: { '0/ip': '10.0.0.2' } });
    const from = await connected({ guests });
    const { vm } = await running(from);
    expect(await from.root.text('VM.get_guest_metrics', vm)).toBe('OpaqueRef:NULL');
    await expect.poll(() => from.root.text('VM.get_guest_metrics', vm)).not.toBe('OpaqueRef:NULL');
    const metrics = await from.root.text('VM.get_guest_metrics', vm);
    expect(await from.root.call('VM_guest_metrics.get_networks', metrics)).toEqual({ '0/ip': '10.0.0.2' });
    await from.root.call('VM.hard_shutdown', vm);
    await expect(from.root.call('VM_guest_metrics.get_networks', metrics)).rejects.toThrow('HANDLE_INVALID');
  });

  it('may halt by itself', async () => {
    const from = await connected({ guests: () => ({ haltsAfterMs: 20 }) });
    const { vm } = await running(from);
    await expect.poll(() => from.root.text('VM.get_power_state', vm)).toBe('Halted');
  });

  it('is held by what was forbidden, each way to start by itself', async () => {
    const from = await connected();
    const { vm } = await machine(from);
    await from.root.call('VM.set_blocked_operations', vm, { start_on: 'no' });
    const [host] = from.pool.hosts;
    await expect(from.root.call('VM.start_on', vm, host?.ref, false, false)).rejects.toThrow(
      `OPERATION_BLOCKED ${vm} no`,
    );
    await from.root.call('VM.start', vm, true, false);
    expect(await from.root.text('VM.get_power_state', vm)).toBe('Paused');
  });

  it('takes a whole graphics card, of which there may be too few', async () => {
    const from = await connected({ gpus: [{ group: 'cards', hosts: [0] }] });
    const { root, named } = from;
    const [first, second] = [await machine(from), await machine(from)];
    for (const { vm } of [first, second]) await root.call('VGPU.create', vm, named('GPU_group', 'cards'));
    await root.call('VM.start', first.vm, false, false);
    const [host] = from.pool.hosts;
    await expect(root.call('VM.assert_can_boot_here', second.vm, host?.ref)).rejects.toThrow(
      `VM_REQUIRES_GPU ${second.vm} ${named('GPU_group', 'cards')}`,
    );
    await expect(root.call('VM.start', second.vm, false, false)).rejects.toThrow('NO_HOSTS_AVAILABLE');
    await root.call('VM.hard_shutdown', first.vm);
    await root.call('VM.start', second.vm, false, false);
  });
});

describe('a copy of a disk', () => {
  it('goes into another one that is large enough and not in use', async () => {
    const from = await connected();
    const { pool, root, named } = from;
    const { vm, vdi, content } = await machine(from);
    const none = 'OpaqueRef:NULL';
    const fixed = { type: 'user', sharable: false, read_only: false, other_config: {} };
    const disk = (size: number): Promise<string> =>
      root.text('VDI.create', { ...fixed, SR: named('SR', 'shared'), virtual_size: size });
    const small = await disk(4 * MIB);
    await expect(root.call('VDI.copy', vdi, none, none, small)).rejects.toThrow(
      `VDI_TOO_SMALL ${small} ${6 * MIB}`,
    );
    const into = await disk(6 * MIB);
    await root.call('VDI.copy', vdi, none, none, into);
    expect(contentOf(pool, into).equals(content)).toBe(true);
    await root.call('VM.start', vm, false, false);
    await expect(root.call('VDI.copy', vdi, named('SR', 'shared'))).rejects.toThrow(`VDI_IN_USE ${vdi} copy`);
  });
});

describe('a disk that moves', () => {
  it('hangs on its running machine all the time', async () => {
    const from = await connected();
    const { pool, root, named } = from;
    const { vbd, vdi, content } = await running(from);
    const moved = await root.text('VDI.pool_migrate', vdi, named('SR', 'shared'), {});
    expect(await root.text('VBD.get_VDI', vbd)).toBe(moved);
    expect(contentOf(pool, moved).equals(content)).toBe(true);
    await expect(root.call('VDI.get_uuid', vdi)).rejects.toThrow('HANDLE_INVALID');
  });

  it('needs that machine, and a repository that its host sees', async () => {
    const from = await connected();
    const { root, named } = from;
    const { vdi } = await machine(from);
    const move = (repository: string): Promise<unknown> =>
      root.call('VDI.pool_migrate', vdi, named('SR', repository), {});
    await expect(move('shared')).rejects.toThrow(`VDI_NEEDS_VM_FOR_MIGRATE ${vdi}`);
    const other = await running(from);
    const sr = named('SR', 'second');
    await expect(root.call('VDI.pool_migrate', other.vdi, sr, {})).rejects.toThrow(`SR_NOT_ATTACHED ${sr}`);
  });

  it('stays where it is when it does not fit', async () => {
    const from = await connected();
    const { pool, root, named } = from;
    const { vbd, vdi } = await running(from);
    await expect(root.call('VDI.pool_migrate', vdi, named('SR', 'tiny'), {})).rejects.toThrow(
      'SR_BACKEND_FAILURE_44',
    );
    expect(await root.text('VBD.get_VDI', vbd)).toBe(vdi);
    expect(pool.objects.all('VDI')).toHaveLength(1);
  });

  it('needs the licence', async () => {
    const from = await connected({ restrictions: ['restrict_storage_xen_motion'] });
    const { vdi } = await running(from);
    await expect(from.root.call('VDI.pool_migrate', vdi, from.named('SR', 'shared'), {})).rejects.toThrow(
      'LICENCE_RESTRICTION',
    );
  });
});

describe('a machine that moves', () => {
  async function destination({ root, pool, named }: Connected, host: number): Promise<unknown> {
    return root.call('host.migrate_receive', pool.hosts[host]?.ref, named('network', LAN), {});
  }

  it('goes to another host with its disks', async () => {
    const from = await connected();
    const { pool, root, named } = from;
    const { vm, vdi, vbd, vif, content } = await running(from);
    const dest = await destination(from, 1);
    const second = named('SR', 'second');
    await expect(root.call('VM.assert_can_migrate', vm, dest, true, {}, {}, {})).rejects.toThrow(
      `VDI_NOT_IN_MAP ${vdi}`,
    );
    const lan = named('network', LAN);
    await expect(
      root.call('VM.migrate_send', vm, dest, true, { [vdi]: second }, { [vif]: lan }, {}),
    ).rejects.toThrow('OPERATION_NOT_ALLOWED');
    expect(await root.text('VM.migrate_send', vm, dest, true, { [vdi]: second }, {}, {})).toBe(vm);
    expect(await root.text('VM.get_resident_on', vm)).toBe(pool.hosts[1]?.ref);
    const moved = await root.text('VBD.get_VDI', vbd);
    expect(await root.text('VDI.get_SR', moved)).toBe(second);
    expect(contentOf(pool, moved).equals(content)).toBe(true);
  });

  it('changes its host by itself where its disks are seen', async () => {
    const from = await connected();
    const { pool, root, named } = from;
    const [shared, local] = [await running(from, 'shared'), await running(from)];
    const host = pool.hosts.find(
      ({ ref }) => ref !== pool.objects.find('VM', shared.vm)?.text('resident_on'),
    );
    await root.call('VM.pool_migrate', shared.vm, host?.ref, { live: 'true' });
    expect(await root.text('VM.get_resident_on', shared.vm)).toBe(host?.ref);
    await expect(root.call('VM.pool_migrate', local.vm, pool.hosts[1]?.ref, {})).rejects.toThrow(
      `VM_REQUIRES_SR ${local.vm} ${named('SR', 'first')}`,
    );
    await root.call('VM.hard_shutdown', shared.vm);
    await expect(root.call('VM.pool_migrate', shared.vm, host?.ref, {})).rejects.toThrow(
      `VM_BAD_POWER_STATE ${shared.vm} running halted`,
    );
  });

  it('goes to another pool with its devices and its snapshot', async () => {
    const [from, to] = [await connected(), await connected()];
    const { vm, vdi, vif, content } = await running(from);
    await from.root.call('VM.snapshot', vm, 'before');
    const uuid = await from.root.text('VM.get_uuid', vm);
    const dest = await destination(to, 0);
    const disks = { [vdi]: to.named('SR', 'shared') };
    await expect(from.root.call('VM.assert_can_migrate', vm, dest, true, disks, {}, {})).rejects.toThrow(
      `VIF_NOT_IN_MAP ${vif}`,
    );
    const networks = { [vif]: to.named('network', LAN) };
    const moved = await from.root.text('VM.migrate_send', vm, dest, true, disks, networks, {});
    expect(from.pool.objects.all('VDI')).toEqual([]);
    expect(await from.root.call('VM.get_by_name_label', 'web')).toEqual([]);
    expect(await to.root.text('VM.get_by_uuid', uuid)).toBe(moved);
    expect(await to.root.text('VM.get_power_state', moved)).toBe('Running');
    expect(await to.root.call('VM.get_snapshots', moved)).toHaveLength(1);
    const [vbd] = (await to.root.call('VM.get_VBDs', moved)) as string[];
    const disk = await to.root.text('VBD.get_VDI', vbd);
    expect(contentOf(to.pool, disk).equals(content)).toBe(true);
    const [card] = (await to.root.call('VM.get_VIFs', moved)) as string[];
    expect(await to.root.text('VIF.get_MAC', card)).toBe('00:50:56:00:00:01');
  });

  it('stays whole where it is when it does not fit there', async () => {
    const [from, to] = [await connected(), await connected()];
    const { vm, vbd, vdi, vif } = await running(from);
    const dest = await destination(to, 0);
    const networks = { [vif]: to.named('network', LAN) };
    await expect(
      from.root.call('VM.migrate_send', vm, dest, true, { [vdi]: to.named('SR', 'tiny') }, networks, {}),
    ).rejects.toThrow('SR_BACKEND_FAILURE_44');
    expect(to.pool.objects.all('VDI')).toEqual([]);
    expect(await from.root.text('VM.get_power_state', vm)).toBe('Running');
    expect(await from.root.text('VBD.get_VDI', vbd)).toBe(vdi);
  });

  it('may have one snapshot, no passed-through card, and a host that lives', async () => {
    const from = await connected();
    const { pool, root } = from;
    const { vm } = await running(from, 'shared');
    const dest = await destination(from, 1);
    const check = (): Promise<unknown> => root.call('VM.assert_can_migrate', vm, dest, true, {}, {}, {});
    await check();
    await root.call('VM.add_to_other_config', vm, 'pci', '0/0000:04:00.0');
    await expect(check()).rejects.toThrow(`VM_HAS_PCI_ATTACHED ${vm}`);
    await root.call('VM.remove_from_other_config', vm, 'pci');
    for (const name of ['a', 'b']) await root.call('VM.snapshot', vm, name);
    await expect(check()).rejects.toThrow(`VM_HAS_TOO_MANY_SNAPSHOTS ${vm}`);
    const other = await running(from, 'shared');
    await pool.hosts[1]?.down();
    await expect(root.call('VM.assert_can_migrate', other.vm, dest, true, {}, {}, {})).rejects.toThrow(
      'HOST_NOT_LIVE',
    );
  });

  it('is received on a network that the host has an address on', async () => {
    const { pool, root, named } = await connected();
    const [host] = pool.hosts;
    const bare = named('network', 'Pool-wide network associated with eth1');
    await expect(root.call('host.migrate_receive', host?.ref, bare, {})).rejects.toThrow(
      'INTERFACE_HAS_NO_IP',
    );
    const internal = await root.text('network.create', { name_label: 'internal', other_config: {} });
    await expect(root.call('host.migrate_receive', host?.ref, internal, {})).rejects.toThrow(
      `HOST_CANNOT_ATTACH_NETWORK ${host?.ref} ${internal}`,
    );
  });
});
