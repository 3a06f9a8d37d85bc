import { describe, expect, it } from 'vitest';
import { GIB } from '../../../../src/model/units.js';
import { resolvePool } from '../../../../src/targets/xapi-pool/index.js';
import type { PoolView, StorageView } from '../../../../src/targets/xapi-pool/pool-view.js';
import type { SrRecord } from '../../../../src/xapi/index.js';
import { testDisk, testMachine, testNic, testPlanned, testProfile } from '../../../support/machines.js';

const profile = testProfile({ template: 'debian-12' });

function sr(name: string, changes: Partial<SrRecord> = {}): SrRecord {
  return {
    uuid: `${name}-uuid`,
    name_label: name,
    type: 'ext',
    content_type: 'user',
    shared: true,
    physical_size: 100 * GIB,
    physical_utilisation: 0,
    virtual_allocation: 0,
    sm_config: {},
    ...changes,
  };
}

function view(changes: Partial<PoolView> = {}): PoolView {
  const network = { MTU: 1500, other_config: {}, PIFs: [], VIFs: [] };
  const pif = {
    management: true,
    device: 'eth1',
    host: 'H1',
    physical: false,
    bond_slave_of: '',
    bond_master_of: [],
    VLAN_master_of: '',
  };
  return {
    master: 'H1',
    defaultSr: 'SR-fast',
    hosts: new Map([['H1', '10.0.0.1']]),
    hostNames: new Map([['H1', { uuid: 'h1-uuid', name_label: 'xen1' }]]),
    highAvailability: true,
    gpuGroups: new Map([['G1', { uuid: 'g1-uuid', name_label: 'A40' }]]),
    permissions: null,
    product: 'xenserver',
    storage: new Map([
      ['SR-fast', { record: sr('fast'), addresses: ['10.0.0.1'], qcow2: false }],
      ['SR-twin1', { record: sr('twin'), addresses: ['10.0.0.1'], qcow2: false }],
      ['SR-twin2', { record: sr('twin', { uuid: 'twin2-uuid' }), addresses: ['10.0.0.1'], qcow2: false }],
      ['SR-lvm', { record: sr('thick', { type: 'lvmoiscsi' }), addresses: ['10.0.0.1'], qcow2: false }],
    ]),
    networks: new Map([
      ['N-lan', { uuid: 'lan-uuid', name_label: 'LAN', bridge: 'xenbr0', ...network }],
      ['N-dmz', { uuid: 'dmz-uuid', name_label: 'DMZ', bridge: 'xapi4', ...network }],
    ]),
    pifs: new Map([['P', { ...pif, network: 'N-dmz', VLAN: 12 }]]),
    templates: [],
    macs: new Map([['00:50:56:00:00:01', 'old']]),
    ...changes,
  };
}

function planned(storage: string | null, network = 'LAN', mac: string | null = null) {
  const machine = testMachine({
    disks: [testDisk({ capacityBytes: 60 * GIB })],
    nics: [testNic({ network, mac })],
  });
  const disks = [{ dataBytes: 10 * GIB, certainBytes: 5 * GIB, storage }];
  return testPlanned(machine, { disks, profile: { id: 'debian', title: 'Debian', limits: [] } });
}

describe('the objects of a pool', () => {
  it.each([
    ['LAN', 'N-lan'],
    ['dmz-uuid', 'N-dmz'],
    ['xapi4', 'N-dmz'],
    ['VLAN 12', 'N-dmz'],
  ])('are found: network %s', (name, ref) => {
    const machine = planned('fast', name);
    expect(resolvePool([machine], [profile], view()).placements.get(machine.machine.id)?.networks).toEqual([
      ref,
    ]);
  });

  it.each([
    [null, 'SR-fast'],
    ['fast', 'SR-fast'],
    ['twin2-uuid', 'SR-twin2'],
  ])('are found: storage %s', (name, ref) => {
    const machine = planned(name);
    expect(resolvePool([machine], [profile], view()).placements.get(machine.machine.id)?.storage).toEqual([
      ref,
    ]);
  });

  it.each([
    [planned('slow'), 'POOL_STORAGE_MISSING', 'critical'],
    [planned('twin'), 'POOL_AMBIGUOUS', 'critical'],
    [planned('fast', 'WAN'), 'POOL_NETWORK_MISSING', 'critical'],
    [planned('fast', 'LAN', '00:50:56:00:00:01'), 'PLAN_DUPLICATE_MAC', 'warning'],
    [planned('fast'), 'POOL_TEMPLATE_MISSING', 'information'],
  ])('that are wanting are concerns (%#)', (machine, id, severity) => {
    const { concerns } = resolvePool([machine], [profile], view());
    expect(concerns.get(machine.machine.id)).toContainEqual(expect.objectContaining({ id, severity }));
  });
});

describe('a repository by its properties', () => {
  const nfs = (name: string, free: number): [string, StorageView] => [
    `SR-${name}`,
    {
      record: sr(name, { type: 'nfs', physical_size: free * GIB }),
      addresses: ['10.0.0.1'],
      qcow2: false,
    },
  ];
  const storage = new Map([
    ['SR-fast', { record: sr('fast'), addresses: ['10.0.0.1'], qcow2: false }],
    nfs('a', 30),
    nfs('b', 40),
  ]);

  function placed(count: number, wanted: string): (string | undefined)[] {
    const machines = Array.from({ length: count }, (_, index) => {
      const one = planned(wanted);
      return { ...one, machine: { ...one.machine, id: String(index) } };
    });
    const { placements } = resolvePool(machines, [profile], view({ storage }));
    return machines.map(({ machine }) => placements.get(machine.id)?.storage[0]);
  }

  it('is the one with the most space left after those before it', () => {
    // Ten GiB each, into thirty and forty.
    expect(placed(5, 'type:nfs')).toEqual(['SR-b', 'SR-a', 'SR-b', 'SR-a', 'SR-b']);
    expect(placed(8, 'free').slice(0, 6)).toEqual(Array(6).fill('SR-fast'));
    expect(placed(8, 'free').slice(6)).toContain('SR-b');
  });

  it('is missing when there is none of the type', () => {
    const machine = planned('type:smb');
    const { concerns } = resolvePool([machine], [profile], view({ storage }));
    expect(concerns.get(machine.machine.id)).toContainEqual(
      expect.objectContaining({ id: 'POOL_STORAGE_MISSING', severity: 'critical' }),
    );
  });
});

describe('what a machine asks of the pool', () => {
  const asking = {
    ...planned('fast'),
    haPriority: 'restart' as const,
    gpuGroup: 'A40',
    pci: ['0000:04:00.0'],
    homeHost: 'xen1',
  };

  it('is found by name or UUID', () => {
    for (const names of [{}, { gpuGroup: 'g1-uuid', homeHost: 'h1-uuid' }]) {
      const { placements } = resolvePool([{ ...asking, ...names }], [profile], view());
      expect(placements.get(asking.machine.id)).toMatchObject({ gpuGroup: 'G1', homeHost: 'H1' });
    }
  });

  it.each([
    [view({ gpuGroups: new Map() }), ['POOL_GPU_MISSING']],
    [view({ hostNames: new Map() }), ['POOL_HOST_MISSING']],
    [view({ highAvailability: false }), ['POOL_HA_OFF']],
    [view(), []],
    // A vm-admin, and a pool-operator.
    [view({ permissions: new Set() }), Array(3).fill('POOL_ROLE_MISSING')],
    [
      view({ permissions: new Set(['vm.set_ha_restart_priority', 'vgpu.create', 'vm.set_order']) }),
      ['POOL_ROLE_MISSING'],
    ],
  ])('and is not there is a concern (%#)', (pool, expected) => {
    const found = resolvePool([asking], [profile], pool).concerns.get(asking.machine.id) ?? [];
    const ids = found.map(({ id }) => id).filter((id) => id !== 'POOL_TEMPLATE_MISSING');
    expect(ids).toEqual(expected);
  });
});

describe('the space of a repository', () => {
  const machines = (count: number, storage: string) =>
    Array.from({ length: count }, (_, index) => {
      const one = planned(storage);
      return { ...one, machine: { ...one.machine, id: String(index) } };
    });

  it.each([
    // Ten GiB of data each, of which five are certain, into a hundred.
    [9, 'fast', []],
    [10, 'fast', ['warning']],
    [20, 'fast', ['critical']],
    // Sixty GiB each, whatever is in them.
    [1, 'thick', []],
    [2, 'thick', ['critical']],
  ])('is counted over all machines: %i into %s', (count, storage, expected) => {
    const { poolConcerns } = resolvePool(machines(count, storage), [profile], view());
    expect(poolConcerns.map(({ severity }) => severity)).toEqual(expected);
  });
});
