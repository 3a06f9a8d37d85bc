import type { Row } from '../database.js';
import { XapiFailure } from '../failure.js';
import { NULL_REF } from '../fields.js';
import type { PoolState } from '../pool-state.js';
import { attachedHosts } from '../repository.js';

const DEVICE_MODELS: ReadonlySet<string> = new Set([
  'qemu-trad',
  'qemu-upstream',
  'qemu-upstream-compat',
  'qemu-upstream-uefi',
]);

function invalid(field: string, value: string): XapiFailure {
  return new XapiFailure('INVALID_VALUE', [field, value]);
}

/** Throws INVALID_VALUE for what is neither BIOS nor UEFI, or does not fit the emulated machine. */
function assertFirmware(vm: Row): void {
  const firmware = vm.map('HVM_boot_params').firmware ?? 'bios';
  const model = vm.map('platform')['device-model'] ?? 'qemu-upstream-compat';
  if (firmware !== 'bios' && firmware !== 'uefi') {
    throw invalid('HVM-boot-params', `firmware=${firmware}`);
  }
  const fits = firmware === 'bios' ? model !== 'qemu-upstream-uefi' : model !== 'qemu-trad';
  if (!DEVICE_MODELS.has(model) || !fits) {
    throw invalid('platform:device-model', model);
  }
}

function assertCpus(vm: Row): void {
  const [max, startup] = [vm.number('VCPUs_max'), vm.number('VCPUs_at_startup')];
  if (startup < 1 || startup > max) {
    throw invalid('VCPUs_at_startup', String(startup));
  }
  const cores = vm.map('platform')['cores-per-socket'];
  if (cores !== undefined && (Number(cores) < 1 || max % Number(cores) !== 0)) {
    throw new XapiFailure('VCPU_MAX_NOT_CORES_PER_SOCKET_MULTIPLE', [String(max), cores]);
  }
}

function assertMemory(vm: Row): void {
  for (const kind of ['static', 'dynamic']) {
    const names = [`memory_${kind}_min`, `memory_${kind}_max`] as const;
    if (vm.number(names[0]) > vm.number(names[1])) {
      throw new XapiFailure('MEMORY_CONSTRAINT_VIOLATION', [`${names[0]} <= ${names[1]}`]);
    }
  }
}

function assertCrashAction(vm: Row): void {
  const action = vm.text('actions_after_crash');
  if (!['destroy', 'restart', 'preserve'].includes(action)) {
    const reason = 'VM.actions_after_crash can only be set to destroy, restart or preserve for HVM guests';
    throw new XapiFailure('VALUE_NOT_SUPPORTED', ['VM.actions_after_crash', action, reason]);
  }
}

/** What is wrong with a machine wherever it starts. */
export function assertBootable(vm: Row): void {
  assertCpus(vm);
  assertMemory(vm);
  if (vm.number('HVM_shadow_multiplier') < 1) {
    throw invalid('HVM_shadow_multiplier', String(vm.number('HVM_shadow_multiplier')));
  }
  assertCrashAction(vm);
  assertFirmware(vm);
}

/** Memory of a host, in bytes, that no machine has. */
export function freeMemory(state: PoolState, host: Row): number {
  const metrics = state.database.get('host_metrics', host.text('metrics'));
  const running = host
    .list('resident_VMs')
    .map((ref) => state.database.get('VM', ref))
    .filter((vm) => !vm.flag('is_control_domain'));
  return running.reduce((free, vm) => free - vm.number('memory_static_max'), metrics.number('memory_free'));
}

function assertStorage(state: PoolState, vm: Row, host: Row): void {
  for (const ref of vm.list('VBDs')) {
    const vbd = state.database.get('VBD', ref);
    if (vbd.text('VDI') !== NULL_REF) {
      const sr = state.database.get('SR', state.database.get('VDI', vbd.text('VDI')).text('SR'));
      if (!attachedHosts(state, sr).has(host.ref)) {
        throw new XapiFailure('VM_REQUIRES_SR', [vm.ref, sr.ref]);
      }
    }
  }
}

function assertNetworks(state: PoolState, vm: Row, host: Row): void {
  for (const ref of vm.list('VIFs')) {
    const network = state.database.get('network', state.database.get('VIF', ref).text('network'));
    const plugs = network.list('PIFs').map((one) => state.database.get('PIF', one));
    // A network without any interface of a host is internal to whichever host the machine is on.
    if (
      plugs.length > 0 &&
      !plugs.some((one) => one.text('host') === host.ref && one.flag('currently_attached'))
    ) {
      throw new XapiFailure('VM_REQUIRES_NETWORK', [vm.ref, network.ref]);
    }
  }
}

/** The card of a host that a machine's graphics could use; a type of null takes one whole. */
export function freeCard(state: PoolState, vgpu: Row, host: Row): Row | undefined {
  const type = vgpu.text('type');
  return state.database
    .get('GPU_group', vgpu.text('GPU_group'))
    .list('PGPUs')
    .map((ref) => state.database.get('PGPU', ref))
    .filter((card) => card.text('host') === host.ref)
    .find((card) =>
      type === NULL_REF
        ? card.list('resident_VGPUs').length === 0
        : card.list('enabled_VGPU_types').includes(type),
    );
}

function assertGraphics(state: PoolState, vm: Row, vgpu: Row, host: Row): void {
  if (freeCard(state, vgpu, host) !== undefined) {
    return;
  }
  const [group, type] = [vgpu.text('GPU_group'), vgpu.text('type')];
  throw type === NULL_REF
    ? new XapiFailure('VM_REQUIRES_GPU', [vm.ref, group])
    : new XapiFailure('VM_REQUIRES_VGPU', [vm.ref, group, type]);
}

/** Throws what keeps a machine from starting on a host, in the order in which the pool looks. */
export function assertCanBoot(state: PoolState, vm: Row, host: Row): void {
  assertBootable(vm);
  if (!state.database.get('host_metrics', host.text('metrics')).flag('live')) {
    throw new XapiFailure('HOST_NOT_LIVE');
  }
  if (!host.flag('enabled')) {
    throw new XapiFailure('HOST_DISABLED', [host.ref]);
  }
  assertStorage(state, vm, host);
  assertNetworks(state, vm, host);
  if (vm.map('other_config').pci !== undefined && host.map('chipset_info').iommu !== 'true') {
    throw new XapiFailure('VM_REQUIRES_IOMMU', [host.ref]);
  }
  for (const ref of vm.list('VGPUs')) {
    assertGraphics(state, vm, state.database.get('VGPU', ref), host);
  }
  const [needed, free] = [vm.number('memory_static_max'), freeMemory(state, host)];
  if (needed > free) {
    throw new XapiFailure('HOST_NOT_ENOUGH_FREE_MEMORY', [String(needed), String(free)]);
  }
  const cpus = Number(host.map('cpu_info').cpu_count ?? '1');
  if (vm.number('VCPUs_max') > cpus) {
    throw new XapiFailure('HOST_NOT_ENOUGH_PCPUS', [vm.text('VCPUs_max'), String(cpus)]);
  }
}
