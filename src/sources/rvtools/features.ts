import { UNKNOWN_FEATURES, type VmwareFeatures } from '../../model/virtual-machine.js';
import type { Row } from './read-tab.js';
import type { VCLUSTER, VCPU, VINFO, VMEMORY } from './tabs.js';

interface Facts {
  readonly info: Row<(typeof VINFO)['columns']>;
  readonly cpu: Row<(typeof VCPU)['columns']> | undefined;
  readonly memory: Row<(typeof VMEMORY)['columns']> | undefined;
  readonly cluster: Row<(typeof VCLUSTER)['columns']> | undefined;
}

export function listFeatures({ info, cpu, memory, cluster }: Facts): VmwareFeatures {
  return {
    ...UNKNOWN_FEATURES,
    changeTracking: info.changeTracking,
    consolidationNeeded: info.consolidationNeeded,
    cpuHotAdd: cpu?.hotAdd ?? null,
    memoryHotAdd: memory?.hotAdd ?? null,
    // Rules are listed by kind; those between machines alone say nothing of hosts.
    hostAffinity: /host/i.test(info.clusterRules ?? '') ? true : null,
    faultTolerance: isFaultTolerant(info.faultTolerance),
    highAvailability: info.highAvailability,
    drs: cluster?.drs ?? null,
    dpm: cluster?.dpm ?? null,
    diskUuids: info.diskUuids,
    latencySensitive: info.latencySensitivity === null ? null : isSensitive(info.latencySensitivity),
    cpuReservationMhz: cpu?.reservation ?? null,
    memoryReservationBytes: memory?.reservation ?? null,
    hardwareVersion: hardwareVersion(info.hardwareVersion),
  };
}

/** vSphere's FaultToleranceState: all but `notConfigured` and `disabled` keep a second machine. */
function isFaultTolerant(state: string | null): boolean | null {
  return state === null ? null : !/^(?:notconfigured|disabled)$/i.test(state);
}

/** vSphere's LatencySensitivity level; `low` and `normal` ask for nothing. */
function isSensitive(level: string): boolean {
  return /^(?:medium|high|custom|true)/i.test(level);
}

/** `vmx-19`, or the number alone in old versions. */
function hardwareVersion(text: string | null): number | null {
  const digits = /^(?:vmx-)?(\d{1,3})$/i.exec(text ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}
