import { MIB } from '../../model/units.js';
import { UNKNOWN_FEATURES, type VmwareFeatures } from '../../model/virtual-machine.js';
import { amountOf, countOf, flagOf, textOf } from './settings-values.js';
import type { VmxSettings } from './vmx-parser.js';

/**
 * VMware's features as the .vmx sets them; null where it does not. What vCenter keeps for itself (HA, DRS, host
 * affinity) is never in it. `needsConsolidation` is what the list of snapshots tells.
 */
export function vmxFeatures(settings: VmxSettings, needsConsolidation: boolean | null): VmwareFeatures {
  const reservedMib = amountOf(settings, 'sched.mem.min');
  return {
    ...UNKNOWN_FEATURES,
    changeTracking: flagOf(settings, 'ctkEnabled'),
    consolidationNeeded: needsConsolidation,
    cpuHotAdd: flagOf(settings, 'vcpu.hotadd'),
    memoryHotAdd: flagOf(settings, 'mem.hotadd'),
    cpuAffinity: boundTo(settings, 'sched.cpu.affinity'),
    numaAffinity: boundTo(settings, 'numa.nodeAffinity'),
    faultTolerance: faultTolerance(settings),
    diskUuids: flagOf(settings, 'disk.EnableUUID'),
    nestedVirtualization: flagOf(settings, 'vhv.enable'),
    virtualizationBasedSecurity: windowsSecurity(settings),
    latencySensitive: latencySensitive(settings),
    confidentialComputing: confidentialComputing(settings),
    cpuReservationMhz: amountOf(settings, 'sched.cpu.min'),
    memoryReservationBytes: reservedMib === null ? null : reservedMib * MIB,
    hardwareVersion: countOf(settings, 'virtualHW.version'),
  };
}

/** A list of CPUs or NUMA nodes; `all` is VMware's word for none in particular. */
function boundTo(settings: VmxSettings, key: string): boolean | null {
  const value = textOf(settings, key);
  return value === null ? null : value.toLowerCase() !== 'all';
}

/** Any setting of fault tolerance, old (`ft.`) or new (`ftcpt.`), that is not switched off. */
function faultTolerance(settings: VmxSettings): boolean | null {
  const keys = [...settings.keys()].filter((key) => /^(ft|ftcpt|faulttolerance)\./.test(key));
  if (keys.length === 0) return null;
  return keys.some((key) => !/^(|false|0|no|off)$/i.test(textOf(settings, key) ?? ''));
}

/** Other guests than Windows have a virtual IOMMU (`vvtd`) for other purposes. */
function windowsSecurity(settings: VmxSettings): boolean | null {
  const told = flagOf(settings, 'windows.vbs') ?? flagOf(settings, 'windows.vbs.enabled');
  if (told !== null) return told;
  const isWindows = textOf(settings, 'guestOS')?.toLowerCase().startsWith('win') ?? false;
  return isWindows ? flagOf(settings, 'vvtd.enable') : null;
}

function latencySensitive(settings: VmxSettings): boolean | null {
  const level = textOf(settings, 'sched.cpu.latencySensitivity')?.toLowerCase() ?? null;
  return level === null ? null : level === 'high' || level === 'medium';
}

/** AMD SEV and Intel TDX by flags, Intel SGX also by the size of its memory. */
function confidentialComputing(settings: VmxSettings): boolean | null {
  const enclave = amountOf(settings, 'sgx.epcSize');
  const told = [
    flagOf(settings, 'sev.enable'),
    flagOf(settings, 'tdx.enable'),
    flagOf(settings, 'sgx.enable'),
    enclave === null ? null : enclave > 0,
  ].filter((value) => value !== null);
  return told.length === 0 ? null : told.some((value) => value);
}
