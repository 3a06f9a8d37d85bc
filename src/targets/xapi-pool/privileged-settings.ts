import type { PlannedMachine } from '../../model/plan.js';
import { isFault, NULL_REF, type Ref, type XapiClient } from '../../xapi/index.js';
import { pciDevices } from '../machine-facts.js';
import type { VmSpec } from './vm-record.js';

/** A setting of a VM that takes more than the role of who imports, or more than every pool has. */
interface Setting {
  /** As a sentence begins with it. */
  readonly what: string;
  /** The least role that may do it, and the pool's name for the permission (xen-api, datamodel). */
  readonly role: 'pool-operator' | 'pool-admin';
  readonly permission: string;
  /** Whether the plan asks for it. */
  readonly planned: (planned: PlannedMachine) => boolean;
  readonly apply: (client: XapiClient, vm: Ref, spec: VmSpec, signal: AbortSignal) => Promise<unknown>;
}

const SETTINGS: readonly Setting[] = [
  {
    what: 'The start order',
    role: 'pool-operator',
    permission: 'vm.set_order',
    planned: ({ startOrder, startDelaySeconds }) => startOrder !== null || startDelaySeconds > 0,
    apply: async (client, vm, { planned }, signal) => {
      await client.call('VM.set_order', [vm, planned.startOrder ?? 0], { signal });
      const delay = Math.round(planned.startDelaySeconds);
      await client.call('VM.set_start_delay', [vm, delay], { signal });
    },
  },
  {
    what: 'The restart priority',
    role: 'pool-operator',
    permission: 'vm.set_ha_restart_priority',
    planned: ({ haPriority }) => haPriority !== null,
    apply: (client, vm, { planned }, signal) =>
      client.call('VM.set_ha_restart_priority', [vm, planned.haPriority ?? ''], { signal }),
  },
  {
    what: 'The GPU',
    role: 'pool-operator',
    permission: 'vgpu.create',
    planned: ({ gpuGroup }) => gpuGroup !== null,
    apply: (client, vm, { placement }, signal) =>
      client.call('VGPU.create', [vm, placement.gpuGroup ?? NULL_REF, '0', {}, NULL_REF], { signal }),
  },
  {
    what: 'The PCI device',
    role: 'pool-admin',
    permission: 'vm.add_to_other_config/key:pci',
    planned: ({ pci }) => pci.length > 0,
    apply: (client, vm, { planned }, signal) =>
      client.call('VM.add_to_other_config', [vm, 'pci', pciDevices(planned)], { signal }),
  },
];

/** Only the coordinator knows of it: an appliance is made for several machines. */
const APPLIANCE: Setting = {
  what: 'The appliance',
  role: 'pool-operator',
  permission: 'vm.set_appliance',
  planned: () => false,
  apply: (client, vm, { appliance }, signal) =>
    client.call('VM.set_appliance', [vm, appliance ?? NULL_REF], { signal }),
};

/** What a pool refuses for reasons that are not this VM's, so that it does without. */
const WITHOUT: Readonly<Record<string, string>> = {
  FEATURE_RESTRICTED: "the pool's licence lacks it",
  LICENCE_RESTRICTION: "the pool's licence lacks it",
  MESSAGE_METHOD_UNKNOWN: 'the pool does not know it',
  HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN: 'the pool could not restart all its machines any more',
  HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED: 'its storage repository is not shared',
  HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED: 'its network is not that of all hosts',
};

/**
 * Gives a VM what is more than its record. What the session may not do, or the pool has not, is left out: one sentence
 * each. Rejects as `XapiClient.call` does for everything else.
 */
export async function applyPrivilegedSettings(
  client: XapiClient,
  vm: Ref,
  spec: VmSpec,
  signal: AbortSignal,
): Promise<string[]> {
  const notes: string[] = [];
  const wanted = SETTINGS.filter(({ planned }) => planned(spec.planned));
  for (const setting of spec.appliance === null ? wanted : [...wanted, APPLIANCE]) {
    try {
      await setting.apply(client, vm, spec, signal);
    } catch (error) {
      const reason = reasonToDoWithout(error, setting);
      if (reason === null) throw error;
      notes.push(`${setting.what} is left out: ${reason}.`);
    }
  }
  return notes;
}

/** What the plan asks for and the session may not do, one sentence each; none where it may do everything. */
export function missingRoles(permissions: ReadonlySet<string> | null, planned: PlannedMachine): string[] {
  if (permissions === null) return [];
  return SETTINGS.filter((setting) => setting.planned(planned) && !permissions.has(setting.permission)).map(
    ({ what, role }) => `${what} will be left out: it takes the role ${role}`,
  );
}

function reasonToDoWithout(error: unknown, { role }: Setting): string | null {
  if (isFault(error, 'RBAC_PERMISSION_DENIED')) return `it takes the role ${role}`;
  if (!isFault(error, ...Object.keys(WITHOUT))) return null;
  return WITHOUT[error.fault] ?? null;
}
