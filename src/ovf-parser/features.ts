import { UNKNOWN_FEATURES, type VmwareFeatures } from '../model/virtual-machine.js';
import { megahertz, sizeInBytes } from './allocation-units.js';
import { type HardwareItem, RESOURCE_TYPE } from './hardware-items.js';
import { flagOf, type Settings, settingOf } from './settings.js';

/**
 * VMware's features as `vmw:Config` names them, or `vmw:ExtraConfig` by the key of a .vmx; null what the descriptor
 * does not tell. `systemType` is the VirtualSystemType, a list like `vmx-08 vmx-10`.
 */
export function readFeatures(
  settings: Settings,
  items: readonly HardwareItem[],
  systemType: string,
): VmwareFeatures {
  const processor = items.find(({ resourceType }) => resourceType === RESOURCE_TYPE.processor);
  const memory = items.find(({ resourceType }) => resourceType === RESOURCE_TYPE.memory);
  return {
    ...UNKNOWN_FEATURES,
    changeTracking: flagOf(settings, 'changetrackingenabled', 'ctkenabled'),
    cpuHotAdd: flagOf(settings, 'cpuhotaddenabled', 'vcpu.hotadd'),
    memoryHotAdd: flagOf(settings, 'memoryhotaddenabled', 'mem.hotadd'),
    cpuAffinity: affinity(settings, 'sched.cpu.affinity'),
    numaAffinity: affinity(settings, 'numa.nodeaffinity'),
    diskUuids: flagOf(settings, 'disk.enableuuid'),
    nestedVirtualization: flagOf(settings, 'nestedhvenabled', 'vhv.enable'),
    virtualizationBasedSecurity: flagOf(settings, 'flags.vbsenabled', 'vbs.enabled'),
    latencySensitive: latency(settings),
    confidentialComputing: confidential(settings),
    cpuReservationMhz: megahertz(processor?.reservation ?? null, processor?.allocationUnits ?? null),
    memoryReservationBytes: sizeInBytes(memory?.reservation ?? null, memory?.allocationUnits ?? null),
    hardwareVersion: newestVersion(systemType),
  };
}

function affinity(settings: Settings, key: string): boolean | null {
  const value = settingOf(settings, key);
  return value === null ? null : value.toLowerCase() !== 'all';
}

function latency(settings: Settings): boolean | null {
  const level = settingOf(settings, 'latencysensitivity.level', 'sched.cpu.latencysensitivity');
  return level === null ? null : level.toLowerCase() === 'high';
}

/** AMD SEV, Intel TDX, or SGX, which an enclave page cache turns on. */
function confidential(settings: Settings): boolean | null {
  const enclave = settingOf(settings, 'sgxinfo.epcsize', 'sgx.epcsize');
  const flags = [
    flagOf(settings, 'sevenabled', 'sev.enable'),
    flagOf(settings, 'tdxenabled', 'tdx.enable'),
    flagOf(settings, 'sgx.enable'),
    enclave === null ? null : Number(enclave) > 0,
  ].filter((flag) => flag !== null);
  return flags.length === 0 ? null : flags.some((flag) => flag);
}

/** Where several are given, the machine runs on any of them. */
function newestVersion(systemType: string): number | null {
  const versions = [...systemType.matchAll(/\bvmx-0*(\d{1,3})\b/gi)].map(([, version]) => Number(version));
  return versions.length === 0 ? null : Math.max(...versions);
}
