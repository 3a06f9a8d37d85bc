import { MIB } from '../../model/units.js';
import { UNKNOWN_FEATURES, type VmwareFeatures } from '../../model/virtual-machine.js';
import type { ClusterFacts } from './cluster-facts.js';
import type { MachineProperties } from './machine-schema.js';

/** `cluster` is the one that the machine `objectId` runs in; null for a host that stands alone. */
export function readFeatures(
  properties: MachineProperties,
  objectId: string,
  settings: ReadonlyMap<string, string>,
  cluster: ClusterFacts | null,
): VmwareFeatures {
  const flags = properties['config.flags'];
  const level = properties['config.latencySensitivity']?.level;
  const memory = reservation(properties['config.memoryAllocation']);
  return {
    ...UNKNOWN_FEATURES,
    changeTracking: properties['config.changeTrackingEnabled'] ?? null,
    consolidationNeeded: properties['runtime.consolidationNeeded'] ?? null,
    cpuHotAdd: properties['config.cpuHotAddEnabled'] ?? null,
    memoryHotAdd: properties['config.memoryHotAddEnabled'] ?? null,
    cpuAffinity: (properties['config.cpuAffinity']?.affinitySet.length ?? 0) > 0,
    numaAffinity: isBound(settings.get('numa.nodeaffinity')),
    hostAffinity: cluster?.bound.has(objectId) ?? false,
    faultTolerance: isFaultTolerant(properties['runtime.faultToleranceState']),
    highAvailability: cluster?.restarts(objectId) ?? false,
    drs: cluster?.balances(objectId) ?? false,
    dpm: cluster?.dpm ?? false,
    diskUuids: isOn(settings.get('disk.enableuuid')) ?? flags?.diskUuidEnabled ?? null,
    nestedVirtualization: properties['config.nestedHVEnabled'] ?? null,
    virtualizationBasedSecurity: flags?.vbsEnabled ?? null,
    latencySensitive: level === undefined ? null : /^(?:medium|high|custom)/i.test(level),
    confidentialComputing: isConfidential(properties, settings),
    cpuReservationMhz: reservation(properties['config.cpuAllocation']),
    memoryReservationBytes: memory === null ? null : memory * MIB,
    hardwareVersion: hardwareVersion(properties['config.version']),
  };
}

function reservation(allocation: MachineProperties['config.cpuAllocation']): number | null {
  return allocation?.reservation === undefined ? null : Math.max(0, allocation.reservation);
}

/** `FaultToleranceState`: all but these keep a second machine. */
function isFaultTolerant(state: string | undefined): boolean | null {
  return state === undefined ? null : !/^(?:notConfigured|disabled)$/i.test(state);
}

/** AMD SEV, Intel TDX, or SGX, which an enclave page cache turns on. */
function isConfidential(properties: MachineProperties, settings: ReadonlyMap<string, string>): boolean {
  return (
    properties['config.sevEnabled'] === true ||
    (properties['config.sgxInfo']?.epcSize ?? 0) > 0 ||
    isOn(settings.get('sev.enable')) === true ||
    isOn(settings.get('tdx.enable')) === true
  );
}

function isOn(value: string | undefined): boolean | null {
  return value === undefined || value === '' ? null : /^(?:true|yes|on|1)$/i.test(value);
}

/** `all` is VMware's word for no node in particular. */
function isBound(nodes: string | undefined): boolean {
  return nodes !== undefined && nodes !== '' && nodes.toLowerCase() !== 'all';
}

function hardwareVersion(version: string | undefined): number | null {
  const digits = /^vmx-0*(\d{1,3})$/.exec(version ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}
