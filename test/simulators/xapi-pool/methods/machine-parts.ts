import { type Call, type Methods, target, VOID } from '../call.js';
import type { Row } from '../database.js';
import { asFailure, XapiFailure } from '../failure.js';
import { NULL_REF } from '../fields.js';
import type { Value } from '../model/model-types.js';
import { assertFeature } from '../pool-state.js';
import { startMachine, stopMachine } from './machine-methods.js';

function haltedMachine(call: Call, parameter: string): Row {
  const vm = target(call, 'VM', parameter);
  const power = vm.text('power_state');
  if (power !== 'Halted') {
    throw new XapiFailure('VM_BAD_POWER_STATE', [vm.ref, 'halted', power.toLowerCase()]);
  }
  return vm;
}

function createVtpm(call: Call): Value {
  assertFeature(call.state, 'restrict_vtpm', 'FEATURE_RESTRICTED');
  const vm = target(call, 'VM', 'vM');
  if (vm.list('VTPMs').length > 0) {
    throw new XapiFailure('VTPM_MAX_AMOUNT_REACHED', ['1']);
  }
  haltedMachine(call, 'vM');
  const facts = { is_unique: call.args.flag('is_unique'), is_protected: false, backend: NULL_REF };
  return call.state.database.create('VTPM', { ...facts, VM: vm.ref, persistence_backend: 'xapi' }).ref;
}

function createVgpu(call: Call): Value {
  const { state, args } = call;
  assertFeature(state, 'restrict_gpu', 'FEATURE_RESTRICTED');
  const vm = haltedMachine(call, 'VM');
  const group = target(call, 'GPU_group', 'GPU_group');
  const type = args.text('type');
  const enabled = group.list('enabled_VGPU_types');
  if (type !== NULL_REF && !enabled.includes(state.database.get('VGPU_type', type).ref)) {
    throw new XapiFailure('VGPU_TYPE_NOT_COMPATIBLE', [type]);
  }
  const device = args.text('device');
  if (!/^\d+$/.test(device)) {
    throw new XapiFailure('INVALID_DEVICE', [device]);
  }
  if (vm.list('VGPUs').some((ref) => state.database.get('VGPU', ref).text('device') === device)) {
    throw new XapiFailure('DEVICE_ALREADY_EXISTS', [device]);
  }
  const facts = { VM: vm.ref, GPU_group: group.ref, device, type };
  return state.database.create('VGPU', { ...facts, other_config: args.map('other_config') }).ref;
}

/** Does the same to each machine of a group; throws OPERATION_PARTIALLY_FAILED with those that failed. */
function toEach(call: Call, operation: string, act: (call: Call, vm: Row) => void): Value {
  const vms = target(call, 'VM_appliance')
    .list('VMs')
    .map((ref) => call.state.database.get('VM', ref))
    .sort((a, b) => a.number('order') - b.number('order'));
  const failed = vms.filter((vm) => {
    try {
      act(call, vm);
      return false;
    } catch (error) {
      // What is already as wanted is not a failure.
      return asFailure(error).code !== 'VM_BAD_POWER_STATE';
    }
  });
  if (failed.length > 0) {
    throw new XapiFailure('OPERATION_PARTIALLY_FAILED', [operation, ...failed.map((vm) => vm.ref)]);
  }
  return VOID;
}

/** What belongs to machines: security devices, graphics, groups. */
export const machineParts: Methods = {
  'VTPM.create': createVtpm,
  'VTPM.destroy': (call) => {
    call.state.database.destroy(target(call, 'VTPM'));
    return VOID;
  },
  'VGPU.create': createVgpu,
  'VGPU.destroy': (call) => {
    call.state.database.destroy(target(call, 'VGPU'));
    return VOID;
  },
  'VM_appliance.create': ({ state, args }) => state.database.create('VM_appliance', args.values).ref,
  'VM_appliance.destroy': (call) => {
    const row = target(call, 'VM_appliance');
    for (const ref of row.list('VMs')) {
      call.state.database.get('VM', ref).set({ appliance: NULL_REF });
    }
    call.state.database.destroy(row);
    return VOID;
  },
  'VM_appliance.start': (call) => {
    const paused = call.args.flag('paused');
    return toEach(call, 'VM_appliance.start', (each, vm) => startMachine(each, vm, paused));
  },
  'VM_appliance.clean_shutdown': (call) => toEach(call, 'VM_appliance.clean_shutdown', stopMachine),
  'VM_appliance.hard_shutdown': (call) => toEach(call, 'VM_appliance.hard_shutdown', stopMachine),
  'VM_appliance.shutdown': (call) => toEach(call, 'VM_appliance.shutdown', stopMachine),
};
