import { type Call, type Methods, target, VOID } from '../call.js';
import type { Row } from '../database.js';
import { XapiFailure } from '../failure.js';
import type { Value } from '../model/model-types.js';

function halted(call: Call): Row {
  const vm = target(call, 'VM');
  const power = vm.text('power_state');
  if (power !== 'Halted') {
    throw new XapiFailure('VM_BAD_POWER_STATE', [vm.ref, 'halted', power.toLowerCase()]);
  }
  return vm;
}

interface Memory {
  readonly memory_static_min: number;
  readonly memory_dynamic_min: number;
  readonly memory_dynamic_max: number;
  readonly memory_static_max: number;
}

function setMemory(call: Call, changes: Partial<Memory>): Value {
  const vm = halted(call);
  const order = [
    'memory_static_min',
    'memory_dynamic_min',
    'memory_dynamic_max',
    'memory_static_max',
  ] as const;
  const sizes = order.map((name) => changes[name] ?? vm.number(name));
  if (sizes.some((size, index) => size > (sizes[index + 1] ?? size))) {
    const constraint = 'Memory limits must satisfy: static_min <= dynamic_min <= dynamic_max <= static_max';
    throw new XapiFailure('MEMORY_CONSTRAINT_VIOLATION', [constraint]);
  }
  vm.set(Object.fromEntries(order.map((name, index) => [name, sizes[index] ?? 0])));
  return VOID;
}

function setCpus(call: Call, name: 'VCPUs_max' | 'VCPUs_at_startup'): Value {
  const vm = halted(call);
  const value = call.args.number('value');
  const max = name === 'VCPUs_max' ? value : vm.number('VCPUs_max');
  const startup = name === 'VCPUs_at_startup' ? value : vm.number('VCPUs_at_startup');
  if (value < 1 || startup > max) {
    const reason = `value ${name === 'VCPUs_max' ? 'smaller' : 'greater'} than what the other count allows`;
    throw new XapiFailure('INVALID_VALUE', [name, `${value}: ${reason}`]);
  }
  vm.set({ [name]: value });
  return VOID;
}

function notNegative(field: string): (call: Call) => Value {
  return (call) => {
    const value = call.args.number('value');
    if (value < 0) {
      throw new XapiFailure('VALUE_NOT_SUPPORTED', [field, String(value), `${field} must not be negative`]);
    }
    target(call, 'VM').set({ [field]: value });
    return VOID;
  };
}

/** What can be changed of a machine that exists, where a plain setter does not do. */
export const machineSettings: Methods = {
  'VM.set_memory_limits': (call) =>
    setMemory(call, {
      memory_static_min: call.args.number('static_min'),
      memory_static_max: call.args.number('static_max'),
      memory_dynamic_min: call.args.number('dynamic_min'),
      memory_dynamic_max: call.args.number('dynamic_max'),
    }),
  'VM.set_memory_static_range': (call) =>
    setMemory(call, {
      memory_static_min: call.args.number('min'),
      memory_static_max: call.args.number('max'),
    }),
  'VM.set_memory_dynamic_range': (call) =>
    setMemory(call, {
      memory_dynamic_min: call.args.number('min'),
      memory_dynamic_max: call.args.number('max'),
    }),
  'VM.set_memory': (call) => {
    const size = call.args.number('value');
    return setMemory(call, { memory_dynamic_min: size, memory_dynamic_max: size, memory_static_max: size });
  },
  'VM.set_memory_static_min': (call) => setMemory(call, { memory_static_min: call.args.number('value') }),
  'VM.set_memory_static_max': (call) => setMemory(call, { memory_static_max: call.args.number('value') }),
  'VM.set_memory_dynamic_min': (call) => setMemory(call, { memory_dynamic_min: call.args.number('value') }),
  'VM.set_memory_dynamic_max': (call) => setMemory(call, { memory_dynamic_max: call.args.number('value') }),
  'VM.set_VCPUs_max': (call) => setCpus(call, 'VCPUs_max'),
  'VM.set_VCPUs_at_startup': (call) => setCpus(call, 'VCPUs_at_startup'),
  'VM.set_order': notNegative('order'),
  'VM.set_start_delay': notNegative('start_delay'),
  'VM.set_shutdown_delay': notNegative('shutdown_delay'),
  'VM.set_appliance': (call) => {
    const appliance = call.args.text('value');
    if (appliance !== 'OpaqueRef:NULL') {
      call.state.database.get('VM_appliance', appliance);
    }
    target(call, 'VM').set({ appliance });
    return VOID;
  },
  'VM.set_domain_type': (call) => {
    halted(call).set({ domain_type: call.args.text('value') });
    return VOID;
  },
  'VM.set_uefi_mode': (call) => {
    halted(call);
    return '';
  },
  'VM.get_secureboot_readiness': (call) => {
    const vm = target(call, 'VM');
    if (vm.map('HVM_boot_params').firmware !== 'uefi') {
      return 'not_supported';
    }
    return vm.map('platform').secureboot === 'true' ? 'first_boot' : 'disabled';
  },
};
