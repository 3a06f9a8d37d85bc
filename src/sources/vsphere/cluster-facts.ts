import type { z } from 'zod';
import { FLAG, list, REF, TEXT, vimObject } from '../../vsphere/index.js';

const PRIORITY = vimObject({ restartPriority: TEXT.optional() });

/** `ClusterConfigInfoEx`; of a host that stands alone nothing of it is there. */
export const CLUSTER_CONFIG = vimObject({
  dasConfig: vimObject({ enabled: FLAG.default(false), defaultVmSettings: PRIORITY.optional() }).optional(),
  dasVmConfig: list(
    vimObject({ key: REF, restartPriority: TEXT.optional(), dasSettings: PRIORITY.optional() }),
  ),
  drsConfig: vimObject({ enabled: FLAG.default(false) }).optional(),
  drsVmConfig: list(vimObject({ key: REF, enabled: FLAG.default(true) })),
  dpmConfigInfo: vimObject({ enabled: FLAG.default(false) }).optional(),
  rule: list(vimObject({ enabled: FLAG.default(true), vm: list(REF), vmGroupName: TEXT.optional() })),
  group: list(vimObject({ name: TEXT.default(''), vm: list(REF) })),
});

/** What a cluster does for its machines, which are told by their object ids. */
export interface ClusterFacts {
  /** Whether high availability starts a machine again. */
  readonly restarts: (machine: string) => boolean;
  /** Whether DRS places it. */
  readonly balances: (machine: string) => boolean;
  readonly dpm: boolean;
  /** Rules bind them to hosts, or keep them with or from each other. */
  readonly bound: ReadonlySet<string>;
}

export function clusterFacts(config: z.output<typeof CLUSTER_CONFIG>): ClusterFacts {
  const usual = config.dasConfig?.defaultVmSettings?.restartPriority;
  const own = new Map(
    config.dasVmConfig.map(({ key, restartPriority, dasSettings }) => [
      key.value,
      dasSettings?.restartPriority ?? restartPriority,
    ]),
  );
  const notBalanced = new Set(config.drsVmConfig.flatMap(({ key, enabled }) => (enabled ? [] : [key.value])));
  return {
    restarts: (machine) => config.dasConfig?.enabled === true && (own.get(machine) ?? usual) !== 'disabled',
    balances: (machine) => config.drsConfig?.enabled === true && !notBalanced.has(machine),
    dpm: config.dpmConfigInfo?.enabled === true,
    bound: boundMachines(config),
  };
}

function boundMachines({ rule, group }: z.output<typeof CLUSTER_CONFIG>): ReadonlySet<string> {
  const groups = new Map(group.map(({ name, vm }) => [name, vm]));
  const bound = rule
    .filter(({ enabled }) => enabled)
    .flatMap(({ vm, vmGroupName }) => [...vm, ...(groups.get(vmGroupName ?? '') ?? [])]);
  return new Set(bound.map(({ value }) => value));
}
