import { type Call, type Methods, target } from '../call.js';
import { timestamp } from '../clock.js';
import type { Row } from '../database.js';
import { XapiFailure } from '../failure.js';
import type { Value } from '../model/model-types.js';
import { destroyDisk, snapshotDisk } from '../repository.js';
import { assertNotBlocked } from './machine-methods.js';

/** What a snapshot has of its own. */
const OWN: readonly string[] = [
  'uuid',
  'VBDs',
  'VIFs',
  'VTPMs',
  'VGPUs',
  'snapshots',
  'children',
  'metrics',
  'guest_metrics',
  'resident_on',
  'appliance',
  'blocked_operations',
];

async function snapshotDisks(call: Call, vm: Row): Promise<ReadonlyMap<string, Row>> {
  const { state, args } = call;
  const left = args.list('ignore_vdis');
  const taken = new Map<string, Row>();
  try {
    for (const ref of vm.list('VBDs')) {
      const vbd = state.database.get('VBD', ref);
      const vdi = state.database.find('VDI', vbd.text('VDI'));
      if (vdi !== undefined && vbd.text('type') !== 'CD' && !left.includes(vdi.ref)) {
        taken.set(vdi.ref, await snapshotDisk(state, vdi));
      }
    }
    return taken;
  } catch (error) {
    for (const disk of taken.values()) {
      await destroyDisk(state, disk);
    }
    throw error;
  }
}

/** A template of the machine as it is: its settings, and disks of their content now. */
async function snapshotMachine(call: Call): Promise<Value> {
  const { state, args } = call;
  const { database } = state;
  const vm = target(call, 'VM', 'vm');
  assertNotBlocked(vm, 'snapshot');
  const power = vm.text('power_state');
  if (!['Halted', 'Running', 'Suspended'].includes(power)) {
    throw new XapiFailure('VM_BAD_POWER_STATE', [vm.ref, 'halted', power.toLowerCase()]);
  }
  const disks = await snapshotDisks(call, vm);
  const kept = Object.entries(vm.values).filter(([name]) => !OWN.includes(name));
  const snapshot = database.create('VM', {
    ...Object.fromEntries(kept),
    name_label: args.text('new_name'),
    is_a_template: true,
    is_a_snapshot: true,
    snapshot_of: vm.ref,
    snapshot_time: timestamp(),
    snapshot_info: { 'disk-snapshot-type': 'crash_consistent', 'power-state-at-snapshot': power },
    power_state: 'Halted',
    domid: -1,
    metrics: database.create('VM_metrics', {}).ref,
    allowed_operations: ['clone', 'copy', 'destroy', 'export', 'revert'],
  });
  vm.set({ parent: snapshot.ref });
  for (const ref of vm.list('VBDs')) {
    const { uuid: _own, ...facts } = database.get('VBD', ref).values;
    const disk = disks.get(String(facts.VDI));
    const own = { VM: snapshot.ref, currently_attached: false };
    if (facts.type === 'CD') {
      database.create('VBD', { ...facts, ...own });
    } else if (disk !== undefined) {
      database.create('VBD', { ...facts, ...own, VDI: disk.ref });
    }
  }
  for (const ref of vm.list('VIFs')) {
    const { uuid: _own, ...facts } = database.get('VIF', ref).values;
    database.create('VIF', { ...facts, VM: snapshot.ref, currently_attached: false });
  }
  return snapshot.ref;
}

/** Snapshots of machines. */
export const snapshotMethods: Methods = { 'VM.snapshot': snapshotMachine };
