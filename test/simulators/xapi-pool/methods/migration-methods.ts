import { type Call, type Methods, target, VOID } from '../call.js';
import type { Row } from '../database.js';
import { XapiFailure } from '../failure.js';
import { NULL_REF } from '../fields.js';
import type { Value } from '../model/model-types.js';
import { poolOfSession } from '../neighbours.js';
import { assertFeature, masterRow, type PoolState } from '../pool-state.js';
import { attachedHosts, copyDisk, destroyDisk } from '../repository.js';
import { assertBootable, assertCanBoot } from './boot-checks.js';
import { assertNotBlocked, removeMachine } from './machine-methods.js';

function assertLicensed(state: PoolState): void {
  assertFeature(state, 'restrict_storage_xen_motion', 'LICENCE_RESTRICTION');
}

/** What somebody needs to know to send a machine here. */
function receive(call: Call): Value {
  const { state, session } = call;
  const { database } = state;
  assertLicensed(state);
  const [host, network] = [target(call, 'host', 'host'), target(call, 'network', 'network')];
  const pif = network
    .list('PIFs')
    .map((ref) => database.get('PIF', ref))
    .find((row) => row.text('host') === host.ref);
  if (pif === undefined) {
    throw new XapiFailure('HOST_CANNOT_ATTACH_NETWORK', [host.ref, network.ref]);
  }
  if (pif.text('IP') === '') {
    throw new XapiFailure('INTERFACE_HAS_NO_IP', [pif.ref]);
  }
  const service = (name: string): string =>
    `https://${pif.text('IP')}/services/${name}?session_id=${session}`;
  return {
    SM: service('SM'),
    xenops: service('xenops'),
    master: `https://${masterRow(state).text('address')}/`,
    host: host.ref,
    session_id: session,
  };
}

/** A machine on its way: what goes where. */
interface Journey {
  readonly vm: Row;
  /** Its snapshots and itself. */
  readonly records: readonly Row[];
  readonly pool: PoolState;
  readonly host: Row;
  /** Repositories by disk, of those that leave theirs. */
  readonly disks: ReadonlyMap<Row, Row>;
  /** By the address of the interface: a snapshot's go where the machine's go. */
  readonly networks: ReadonlyMap<string, string>;
}

function vbdsOf(state: PoolState, vm: Row): readonly Row[] {
  return vm.list('VBDs').map((ref) => state.database.get('VBD', ref));
}

function disksOf(state: PoolState, vm: Row): readonly Row[] {
  return vbdsOf(state, vm).flatMap((vbd) =>
    vbd.text('type') === 'CD' ? [] : (state.database.find('VDI', vbd.text('VDI')) ?? []),
  );
}

/** Where each disk goes; throws VDI_NOT_IN_MAP for one that the destination does not see and nobody mapped. */
function diskMap(call: Call, records: readonly Row[], pool: PoolState, host: Row): ReadonlyMap<Row, Row> {
  const map = call.args.map('vdi_map');
  const found = new Map<Row, Row>();
  for (const vdi of records.flatMap((record) => disksOf(call.state, record))) {
    if (vdi.flag('cbt_enabled')) {
      throw new XapiFailure('VDI_CBT_ENABLED', [vdi.ref]);
    }
    const current = call.state.database.get('SR', vdi.text('SR'));
    const stays = pool === call.state && attachedHosts(pool, current).has(host.ref);
    // A snapshot's disk goes with the disk that it is one of.
    const wanted = map[vdi.ref] ?? map[vdi.text('snapshot_of')];
    if (wanted === undefined && !stays) {
      throw new XapiFailure('VDI_NOT_IN_MAP', [vdi.ref]);
    }
    const sr = wanted === undefined ? current : pool.database.get('SR', wanted);
    if (!attachedHosts(pool, sr).has(host.ref)) {
      throw new XapiFailure('SR_NOT_ATTACHED', [sr.ref]);
    }
    if (sr !== current) {
      found.set(vdi, sr);
    }
  }
  return found;
}

function assertMovable(vm: Row, operation: 'pool_migrate' | 'migrate_send', powers: readonly string[]): void {
  if (vm.flag('is_a_template')) {
    throw new XapiFailure('VM_IS_TEMPLATE', [vm.ref]);
  }
  assertNotBlocked(vm, operation);
  const power = vm.text('power_state');
  if (!powers.includes(power)) {
    throw new XapiFailure('VM_BAD_POWER_STATE', [vm.ref, 'running', power.toLowerCase()]);
  }
  if (vm.map('other_config').pci !== undefined) {
    throw new XapiFailure('VM_HAS_PCI_ATTACHED', [vm.ref]);
  }
  if (vm.list('VGPUs').length > 0) {
    throw new XapiFailure('VM_HAS_VGPU', [vm.ref]);
  }
}

/** Disks go along, and with them those of one snapshot. */
function assertSendable(vm: Row): void {
  assertMovable(vm, 'migrate_send', ['Running', 'Halted']);
  if (vm.list('snapshots').length > 1) {
    throw new XapiFailure('VM_HAS_TOO_MANY_SNAPSHOTS', [vm.ref]);
  }
}

/** Throws what keeps a machine from going where it is to go. */
function planned(call: Call): Journey {
  const { state, args } = call;
  assertLicensed(state);
  const vm = target(call, 'VM', 'vm');
  assertSendable(vm);
  const dest = args.map('dest');
  const pool = poolOfSession(dest.session_id ?? '');
  if (pool === undefined) {
    throw new XapiFailure('VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED');
  }
  const host = pool.database.get('host', dest.host ?? '');
  if (!pool.database.get('host_metrics', host.text('metrics')).flag('live')) {
    throw new XapiFailure('HOST_NOT_LIVE');
  }
  if (!host.flag('enabled')) {
    throw new XapiFailure('HOST_DISABLED', [host.ref]);
  }
  assertBootable(vm);
  const networks = args.map('vif_map');
  if (pool === state && Object.keys(networks).length > 0) {
    throw new XapiFailure('OPERATION_NOT_ALLOWED', ['VIF mapping is not allowed for intra-pool migration']);
  }
  const unmapped = vm.list('VIFs').find((ref) => networks[ref] === undefined);
  if (pool !== state && unmapped !== undefined) {
    throw new XapiFailure('VIF_NOT_IN_MAP', [unmapped]);
  }
  for (const network of Object.values(networks)) {
    pool.database.get('network', network);
  }
  const records = [...vm.list('snapshots').map((ref) => state.database.get('VM', ref)), vm];
  const byMac = Object.entries(networks).map(
    ([vif, network]) => [state.database.get('VIF', vif).text('MAC'), network] as const,
  );
  const disks = diskMap(call, records, pool, host);
  return { vm, records, pool, host, disks, networks: new Map(byMac) };
}

/** Copies of disks by the originals; on failure there are none. */
async function copied(
  state: PoolState,
  { disks, pool }: Pick<Journey, 'disks' | 'pool'>,
): Promise<ReadonlyMap<string, Row>> {
  const copies = new Map<string, Row>();
  try {
    for (const [vdi, sr] of disks) {
      copies.set(vdi.ref, await copyDisk(state, vdi, sr, { pool }));
    }
  } catch (error) {
    for (const copy of copies.values()) {
      await destroyDisk(pool, copy);
    }
    throw error;
  }
  for (const [vdi, copy] of [...disks.keys()].map((row) => [row, copies.get(row.ref)] as const)) {
    const of = copies.get(vdi.text('snapshot_of'))?.ref ?? NULL_REF;
    copy?.set({ is_a_snapshot: vdi.flag('is_a_snapshot'), snapshot_of: of });
  }
  return copies;
}

/** Hangs the copies where the originals hang, and removes those. */
async function replace(
  state: PoolState,
  disks: ReadonlyMap<Row, Row>,
  copies: ReadonlyMap<string, Row>,
): Promise<void> {
  for (const vdi of disks.keys()) {
    for (const ref of vdi.list('VBDs')) {
      state.database.get('VBD', ref).set({ VDI: copies.get(vdi.ref)?.ref ?? NULL_REF });
    }
    await destroyDisk(state, vdi);
  }
}

/** What refers to objects of the pool that a machine leaves. */
const LEFT_BEHIND: readonly string[] = [
  'VBDs',
  'VIFs',
  'VTPMs',
  'VGPUs',
  'snapshots',
  'children',
  'parent',
  'appliance',
  'affinity',
  'suspend_SR',
  'guest_metrics',
];

/** A machine's record and devices in another pool. */
function recreate(state: PoolState, record: Row, journey: Journey, copies: ReadonlyMap<string, Row>): Row {
  const { pool, host, networks } = journey;
  const kept = Object.entries(record.values).filter(([name]) => !LEFT_BEHIND.includes(name));
  const running = record.text('power_state') === 'Running';
  const moved = pool.database.create('VM', {
    ...Object.fromEntries(kept),
    metrics: pool.database.create('VM_metrics', {}).ref,
    resident_on: running ? host.ref : NULL_REF,
  });
  for (const vbd of vbdsOf(state, record)) {
    const VDI = copies.get(vbd.text('VDI'))?.ref ?? NULL_REF;
    pool.database.create('VBD', { ...vbd.values, VM: moved.ref, VDI, empty: VDI === NULL_REF });
  }
  for (const ref of record.list('VIFs')) {
    const vif = state.database.get('VIF', ref);
    const network = networks.get(vif.text('MAC')) ?? NULL_REF;
    pool.database.create('VIF', { ...vif.values, VM: moved.ref, network });
  }
  for (const ref of record.list('VTPMs')) {
    pool.database.create('VTPM', { ...state.database.get('VTPM', ref).values, VM: moved.ref });
  }
  return moved;
}

async function changePool(
  state: PoolState,
  journey: Journey,
  copies: ReadonlyMap<string, Row>,
): Promise<Row> {
  const moved = recreate(state, journey.vm, journey, copies);
  for (const record of journey.records.filter((one) => one !== journey.vm)) {
    recreate(state, record, journey, copies).set({ snapshot_of: moved.ref });
  }
  for (const record of journey.records) {
    removeMachine(state, record);
  }
  for (const vdi of journey.disks.keys()) {
    await destroyDisk(state, vdi);
  }
  return moved;
}

async function send(call: Call): Promise<Value> {
  const { state } = call;
  const journey = planned(call);
  const { vm, pool, host, disks } = journey;
  vm.set({ current_operations: { ...vm.map('current_operations'), [call.task ?? '']: 'migrate_send' } });
  try {
    const copies = await copied(state, journey);
    if (pool !== state) {
      return (await changePool(state, journey, copies)).ref;
    }
    await replace(state, disks, copies);
    if (vm.text('power_state') === 'Running') {
      vm.set({ resident_on: host.ref });
    }
    return vm.ref;
  } finally {
    const { [call.task ?? '']: _done, ...others } = vm.map('current_operations');
    vm.set({ current_operations: others });
  }
}

/** To a host that sees all that the machine has. */
function migrate(call: Call): Value {
  const { state } = call;
  const [vm, host] = [target(call, 'VM', 'vm'), target(call, 'host', 'host')];
  assertMovable(vm, 'pool_migrate', ['Running']);
  assertCanBoot(state, vm, host);
  vm.set({ resident_on: host.ref });
  return VOID;
}

/** To another repository while the machine goes on. */
async function migrateDisk(call: Call): Promise<Value> {
  const { state } = call;
  assertLicensed(state);
  const [vdi, sr] = [target(call, 'VDI', 'vdi'), target(call, 'SR', 'sr')];
  if (vdi.flag('cbt_enabled')) {
    throw new XapiFailure('VDI_CBT_ENABLED', [vdi.ref]);
  }
  const vms = vdi
    .list('VBDs')
    .map((ref) => state.database.get('VM', state.database.get('VBD', ref).text('VM')));
  const vm = vms.find((row) => row.text('power_state') === 'Running' && !row.flag('is_control_domain'));
  if (vm === undefined) {
    throw new XapiFailure('VDI_NEEDS_VM_FOR_MIGRATE', [vdi.ref]);
  }
  assertSendable(vm);
  if (!attachedHosts(state, sr).has(vm.text('resident_on'))) {
    throw new XapiFailure('SR_NOT_ATTACHED', [sr.ref]);
  }
  const disks = new Map([[vdi, sr]]);
  const copies = await copied(state, { disks, pool: state });
  await replace(state, disks, copies);
  return copies.get(vdi.ref)?.ref ?? NULL_REF;
}

/** Machines and disks that change their host, repository or pool. */
export const migrationMethods: Methods = {
  'host.migrate_receive': receive,
  'VM.pool_migrate': migrate,
  'VM.assert_can_migrate': (call) => {
    planned(call);
    return VOID;
  },
  'VM.migrate_send': send,
  'VDI.pool_migrate': migrateDisk,
};
