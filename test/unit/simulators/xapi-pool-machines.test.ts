import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SimulatedPool, startPool } from '../../simulators/xapi-pool/index.js';
import { logIn, POOL_CERTIFICATE, type XapiCaller } from '../../support/xapi-caller.js';

const GIB = 1024 ** 3;

let pool: SimulatedPool;
let root: XapiCaller;

beforeAll(async () => {
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    hosts: [{ memory: 16 * GIB, cpus: 8, nics: 3 }, { nics: 3 }],
    restrictions: ['restrict_vif_locking'],
  });
  root = await logIn(pool.url);
});

afterAll(() => pool.close());

function named(className: string, name: string): string {
  return pool.objects.named(className, name).ref;
}

async function machine(template = 'Other install media'): Promise<string> {
  const vm = await root.text('VM.clone', named('VM', template), 'a machine');
  await root.call('VM.set_is_a_template', vm, false);
  return vm;
}

async function disk(): Promise<string> {
  const fixed = { type: 'user', sharable: false, read_only: false, other_config: {} };
  return root.text('VDI.create', { ...fixed, SR: named('SR', 'Local storage'), virtual_size: 1 });
}

async function attach(
  vm: string,
  userdevice: string,
  facts: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const fixed = { bootable: false, mode: 'RW', type: 'Disk', empty: false, other_config: {} };
  const qos = { qos_algorithm_type: '', qos_algorithm_params: {} };
  const VDI = 'VDI' in facts || facts.empty === true ? 'OpaqueRef:NULL' : await disk();
  return root.text('VBD.create', { ...fixed, ...qos, VM: vm, VDI, userdevice, ...facts });
}

async function interfaceOf(vm: string, device: string, mac: string): Promise<string> {
  const qos = { qos_algorithm_type: '', qos_algorithm_params: {} };
  const network = named('network', 'Pool-wide network associated with eth0');
  return root.text('VIF.create', { ...qos, device, network, VM: vm, MAC: mac, MTU: 1500, other_config: {} });
}

describe('machines', () => {
  it('a clone of a template leaves behind what makes it one', async () => {
    const vm = await root.text('VM.clone', named('VM', 'Debian Bookworm 12'), 'new');
    const { default_template, mac_seed, base_template_name, disks } = (await root.call(
      'VM.get_other_config',
      vm,
    )) as Record<string, string>;
    expect([default_template, base_template_name]).toEqual([undefined, 'Debian Bookworm 12']);
    expect(mac_seed).toMatch(/^[-0-9a-f]{36}$/);
    expect(disks).toContain('<provision>');
    await expect(root.call('VM.start', vm, false, false)).rejects.toThrow(`VM_IS_TEMPLATE ${vm}`);
  });

  it('provisioning creates the template’s disks unless they were taken out', async () => {
    const [kept, without] = [await machine('Debian Bookworm 12'), await machine('Debian Bookworm 12')];
    await root.call('VM.remove_from_other_config', without, 'disks');
    await root.call('VM.provision', kept);
    await root.call('VM.provision', without);
    expect(await root.call('VM.get_VBDs', kept)).toHaveLength(1);
    expect(await root.call('VM.get_VBDs', without)).toEqual([]);
  });

  it('devices mean the same by number and by name, but not as sd', async () => {
    const vm = await machine();
    await attach(vm, '0');
    for (const clash of ['0', 'xvda', 'hda']) {
      await expect(attach(vm, clash)).rejects.toThrow(`DEVICE_ALREADY_EXISTS ${clash}`);
    }
    await attach(vm, 'sda');
    await expect(attach(vm, 'floppy')).rejects.toThrow('INVALID_DEVICE floppy');
    expect(await root.call('VBD.get_userdevice', await attach(vm, 'autodetect'))).toBe('1');
  });

  it('only empty drives of read-only media may be empty', async () => {
    const vm = await machine();
    await expect(attach(vm, '3', { type: 'CD', empty: true })).rejects.toThrow('VBD_CDS_MUST_BE_READONLY');
    await expect(attach(vm, '3', { empty: true })).rejects.toThrow('VBD_NOT_REMOVABLE_MEDIA in constructor');
    await attach(vm, '3', { type: 'CD', mode: 'RO', empty: true });
    const vdi = await disk();
    await root.call('VDI.set_read_only', vdi, true);
    await expect(attach(vm, '0', { VDI: vdi })).rejects.toThrow(`VDI_READONLY ${vdi}`);
  });

  it('interfaces have six groups of two digits, and nobody minds two alike', async () => {
    const [vm, other] = [await machine(), await machine()];
    await expect(interfaceOf(vm, '0', '00-50-56-00-00-01')).rejects.toThrow('MAC_INVALID 00-50-56-00-00-01');
    await expect(interfaceOf(vm, 'eth0', '')).rejects.toThrow('INVALID_DEVICE eth0');
    await interfaceOf(vm, '0', '00:50:56:00:00:01');
    await interfaceOf(other, '0', '00:50:56:00:00:01');
    await expect(interfaceOf(vm, '0', '')).rejects.toThrow('DEVICE_ALREADY_EXISTS 0');
    const generated = await root.text('VIF.get_MAC', await interfaceOf(vm, '1', ''));
    expect(generated).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
  });

  it('addresses wait for a guest that takes them', async () => {
    const vm = await machine();
    const vif = await interfaceOf(vm, '0', '');
    await expect(root.call('VIF.configure_ipv4', vif, 'Static', '10.0.0.2/24', '')).rejects.toThrow(
      `VM_LACKS_FEATURE ${vm}`,
    );
    await expect(root.call('VIF.set_locking_mode', vif, 'locked')).rejects.toThrow('LICENCE_RESTRICTION');
    await expect(root.call('VIF.add_ipv4_allowed', vif, '10.0.0.2')).rejects.toThrow('LICENCE_RESTRICTION');
  });

  it('memory and processors keep their order', async () => {
    const vm = await machine();
    await expect(root.call('VM.set_memory_limits', vm, GIB, GIB, GIB, 2 * GIB)).rejects.toThrow(
      'MEMORY_CONSTRAINT_VIOLATION',
    );
    await root.call('VM.set_memory_limits', vm, GIB, 4 * GIB, 4 * GIB, 4 * GIB);
    await expect(root.call('VM.set_VCPUs_at_startup', vm, 4)).rejects.toThrow('INVALID_VALUE');
    await root.call('VM.set_VCPUs_max', vm, 4);
    await root.call('VM.set_VCPUs_at_startup', vm, 4);
    await root.call('VM.set_platform', vm, { 'cores-per-socket': '3' });
    await expect(root.call('VM.start', vm, false, false)).rejects.toThrow(
      'VCPU_MAX_NOT_CORES_PER_SOCKET_MULTIPLE 4 3',
    );
  });

  it('what firmware and devices do not share keeps a machine from starting', async () => {
    const vm = await machine();
    await root.call('VM.set_HVM_boot_params', vm, { order: 'cdn', firmware: 'efi' });
    await expect(root.call('VM.start', vm, false, false)).rejects.toThrow('INVALID_VALUE');
    await root.call('VM.set_HVM_boot_params', vm, { order: 'cdn', firmware: 'bios' });
    await root.call('VM.set_platform', vm, { 'device-model': 'qemu-upstream-uefi' });
    await expect(root.call('VM.start', vm, false, false)).rejects.toThrow('INVALID_VALUE');
    await root.call('VM.set_HVM_boot_params', vm, { order: 'cdn', firmware: 'uefi' });
    await root.call('VM.start', vm, false, false);
    await expect(root.call('VTPM.create', vm, false)).rejects.toThrow(
      `VM_BAD_POWER_STATE ${vm} halted running`,
    );
    await expect(root.call('VM.destroy', vm)).rejects.toThrow(`VM_BAD_POWER_STATE ${vm} halted running`);
    await root.call('VM.hard_shutdown', vm);
    await root.call('VTPM.create', vm, false);
    await expect(root.call('VTPM.create', vm, false)).rejects.toThrow('VTPM_MAX_AMOUNT_REACHED 1');
  });

  it('a host needs the storage and the memory', async () => {
    const vm = await machine();
    await attach(vm, '0');
    const [first, second] = pool.hosts;
    await expect(root.call('VM.assert_can_boot_here', vm, second?.ref)).rejects.toThrow(
      `VM_REQUIRES_SR ${vm} ${named('SR', 'Local storage')}`,
    );
    expect(await root.call('VM.get_possible_hosts', vm)).toEqual([first?.ref]);
    await root.call('VM.set_memory', vm, 32 * GIB);
    await expect(root.call('VM.assert_can_boot_here', vm, first?.ref)).rejects.toThrow(
      `HOST_NOT_ENOUGH_FREE_MEMORY ${32 * GIB} `,
    );
    await expect(root.call('VM.start', vm, false, false)).rejects.toThrow('NO_HOSTS_AVAILABLE');
  });

  it('destroying a machine leaves its disks', async () => {
    const vm = await machine();
    const vbd = await attach(vm, '0');
    const vdi = await root.text('VBD.get_VDI', vbd);
    await root.call('VM.destroy', vm);
    await expect(root.call('VBD.get_VDI', vbd)).rejects.toThrow('HANDLE_INVALID VBD');
    expect(await root.call('VDI.get_VBDs', vdi)).toEqual([]);
  });

  it('a group starts its machines and names those that did not', async () => {
    const group = await root.text('VM_appliance.create', { name_label: 'shop', name_description: '' });
    const [good, bad] = [await machine(), await machine()];
    for (const vm of [good, bad]) {
      await root.call('VM.set_appliance', vm, group);
    }
    await root.call('VM.set_memory', bad, 2 ** 50);
    await expect(root.call('VM_appliance.start', group, false)).rejects.toThrow(
      `OPERATION_PARTIALLY_FAILED VM_appliance.start ${bad}`,
    );
    expect(await root.call('VM.get_power_state', good)).toBe('Running');
    await root.call('VM.hard_shutdown', good);
  });

  it('firmware strings are set once', async () => {
    const vm = await machine();
    await root.call('VM.set_bios_strings', vm, { 'bios-vendor': 'x' });
    await expect(root.call('VM.set_bios_strings', vm, {})).rejects.toThrow('VM_BIOS_STRINGS_ALREADY_SET');
  });
});

describe('networks', () => {
  async function network(name: string, facts: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return root.text('network.create', { name_label: name, other_config: {}, ...facts });
  }

  it('bridges have short names that nobody else has', async () => {
    await network('a', { bridge: 'mine' });
    await expect(network('b', { bridge: 'mine' })).rejects.toThrow('BRIDGE_NAME_EXISTS mine');
    await expect(network('c', { bridge: 'longer-than-fifteen' })).rejects.toThrow('INVALID_VALUE bridge');
    await expect(network('d', { bridge: 'eth7' })).rejects.toThrow('INVALID_VALUE bridge eth7');
    expect(await root.call('network.get_bridge', await network('e'))).toMatch(/^xapi\d+$/);
  });

  it('a tag is carried by every host', async () => {
    const pif = pool.objects.all('PIF').find((row) => row.text('device') === 'eth0')?.ref ?? '';
    const tagged = await network('tagged');
    await expect(root.call('pool.create_VLAN_from_PIF', pif, tagged, 4095)).rejects.toThrow(
      'VLAN_TAG_INVALID 4095',
    );
    expect(await root.call('pool.create_VLAN_from_PIF', pif, tagged, 30)).toHaveLength(2);
    const again = await network('again');
    await expect(root.call('pool.create_VLAN_from_PIF', pif, again, 30)).rejects.toThrow(
      'PIF_VLAN_EXISTS eth0',
    );
    expect(await root.call('network.get_PIFs', again)).toEqual([]);
    await expect(root.call('network.destroy', tagged)).rejects.toThrow('NETWORK_CONTAINS_PIF');
  });

  it('a bond takes two cards of one host', async () => {
    const card = (device: string, host: number): string =>
      pool.objects
        .all('PIF')
        .find((row) => row.text('device') === device && row.text('host') === pool.hosts[host]?.ref)?.ref ??
      '';
    const bonded = await network('bonded');
    const create = (...members: readonly string[]): Promise<unknown> =>
      root.call('Bond.create', bonded, members, '', 'lacp', { 'lacp-time': 'fast' });
    await expect(create(card('eth1', 0))).rejects.toThrow('PIF_BOND_NEEDS_MORE_MEMBERS');
    await expect(create(card('eth1', 0), card('eth2', 1))).rejects.toThrow('PIF_CANNOT_BOND_CROSS_HOST');
    const bond = await create(card('eth1', 0), card('eth2', 0));
    expect(await root.call('Bond.get_properties', bond)).toMatchObject({
      'lacp-time': 'fast',
      hashing_algorithm: 'tcpudp_ports',
    });
    await expect(create(card('eth1', 0), card('eth2', 0))).rejects.toThrow('PIF_ALREADY_BONDED');
    await create(card('eth1', 1), card('eth2', 1));
    expect(await root.call('network.get_PIFs', bonded)).toHaveLength(2);
  });
});
