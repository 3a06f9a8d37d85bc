import { z } from 'zod';
import {
  APPLIANCE_RECORD,
  allRecords,
  EVENTS,
  GPU_GROUP_RECORD,
  GUEST_METRICS_RECORD,
  HOST_METRICS_RECORD,
  HOST_RECORD,
  NETWORK_RECORD,
  NEW_NETWORK,
  NEW_VBD,
  NEW_VDI,
  NEW_VIF,
  NEW_VM,
  PBD_RECORD,
  PIF_RECORD,
  POOL_RECORD,
  REF,
  SM_RECORD,
  SR_RECORD,
  TASK_RECORD,
  VBD_RECORD,
  VDI_RECORD,
  VIF_RECORD,
  VM_METRICS_RECORD,
  VM_RECORD,
} from './records.js';

const STRING = z.string();
const STRINGS = z.record(STRING, STRING);
/** A void result is an empty string. */
const VOID = z.unknown().transform(() => undefined);

/** VM, what the destination told, live, repositories by VDI, networks by VIF, options; graphics, which we never map. */
const JOURNEY = [REF, STRINGS, z.boolean(), STRINGS, STRINGS, STRINGS, STRINGS.optional()] as const;

/** Every call that is made, with what comes after the session and what comes back. */
export const METHODS = {
  'pool.get_all_records': { params: z.tuple([]), result: allRecords(POOL_RECORD) },
  'host.get_all_records': { params: z.tuple([]), result: allRecords(HOST_RECORD) },
  'host_metrics.get_all_records': { params: z.tuple([]), result: allRecords(HOST_METRICS_RECORD) },
  'SR.get_all_records': { params: z.tuple([]), result: allRecords(SR_RECORD) },
  'PBD.get_all_records': { params: z.tuple([]), result: allRecords(PBD_RECORD) },
  'network.get_all_records': { params: z.tuple([]), result: allRecords(NETWORK_RECORD) },
  'PIF.get_all_records': { params: z.tuple([]), result: allRecords(PIF_RECORD) },
  'VM.get_all_records': { params: z.tuple([]), result: allRecords(VM_RECORD) },
  'VDI.get_all_records': { params: z.tuple([]), result: allRecords(VDI_RECORD) },
  'VIF.get_all_records': { params: z.tuple([]), result: allRecords(VIF_RECORD) },
  'VM_appliance.get_all_records': { params: z.tuple([]), result: allRecords(APPLIANCE_RECORD) },
  'SM.get_all_records': { params: z.tuple([]), result: allRecords(SM_RECORD) },
  'GPU_group.get_all_records': { params: z.tuple([]), result: allRecords(GPU_GROUP_RECORD) },
  /** Of the session itself: a local superuser has no list of what it may do. */
  'session.get_is_local_superuser': { params: z.tuple([REF]), result: z.boolean() },
  'session.get_rbac_permissions': { params: z.tuple([REF]), result: z.array(STRING) },
  'SR.get_record': { params: z.tuple([REF]), result: SR_RECORD },
  'VBD.get_record': { params: z.tuple([REF]), result: VBD_RECORD },
  'VM.get_record': { params: z.tuple([REF]), result: VM_RECORD },
  'VM.get_by_uuid': { params: z.tuple([STRING]), result: REF },
  /** Hosts that could run it now. */
  'VM.get_possible_hosts': { params: z.tuple([REF]), result: z.array(REF) },
  'VM.assert_can_boot_here': { params: z.tuple([REF, REF]), result: VOID },
  'VM_metrics.get_record': { params: z.tuple([REF]), result: VM_METRICS_RECORD },
  'VM_guest_metrics.get_record': { params: z.tuple([REF]), result: GUEST_METRICS_RECORD },
  'network.get_record': { params: z.tuple([REF]), result: NETWORK_RECORD },
  'VIF.get_record': { params: z.tuple([REF]), result: VIF_RECORD },
  'VDI.get_record': { params: z.tuple([REF]), result: VDI_RECORD },
  'task.get_record': { params: z.tuple([REF]), result: TASK_RECORD },
  /** Classes or `task/<ref>`, the token of the last answer, seconds to wait. */
  'event.from': { params: z.tuple([z.array(STRING), STRING, z.number()]), result: EVENTS },

  'VM.create': { params: z.tuple([NEW_VM]), result: REF },
  'VM.add_to_other_config': { params: z.tuple([REF, STRING, STRING]), result: VOID },
  'VM.set_is_a_template': { params: z.tuple([REF, z.boolean()]), result: VOID },
  'VM.set_order': { params: z.tuple([REF, z.number().int()]), result: VOID },
  'VM.set_start_delay': { params: z.tuple([REF, z.number().int()]), result: VOID },
  'VM.set_appliance': { params: z.tuple([REF, REF]), result: VOID },
  /** `restart`, `best-effort`, or nothing. */
  'VM.set_ha_restart_priority': { params: z.tuple([REF, STRING]), result: VOID },
  /** VM, group, device number, other_config, type: the null reference hands over a whole GPU. */
  'VGPU.create': {
    params: z.tuple([REF, REF, STRING, z.record(STRING, STRING), REF]),
    result: REF,
  },
  'VM.remove_from_other_config': { params: z.tuple([REF, STRING]), result: VOID },
  'VM.set_name_description': { params: z.tuple([REF, STRING]), result: VOID },
  /** The host that it starts on if that can be. */
  'VM.set_affinity': { params: z.tuple([REF, REF]), result: VOID },
  'VM.set_blocked_operations': { params: z.tuple([REF, STRINGS]), result: VOID },
  'VM.add_to_blocked_operations': { params: z.tuple([REF, STRING, STRING]), result: VOID },
  'VM.remove_from_blocked_operations': { params: z.tuple([REF, STRING]), result: VOID },
  /** Name; the disks that are left out, which older pools do not know. */
  'VM.snapshot': { params: z.tuple([REF, STRING, z.array(REF).optional()]), result: REF },
  /** Whether paused; whether in spite of warnings. */
  'VM.start': { params: z.tuple([REF, z.boolean(), z.boolean()]), result: VOID },
  /** By its guest. */
  'VM.clean_shutdown': { params: z.tuple([REF]), result: VOID },
  'VM.hard_shutdown': { params: z.tuple([REF]), result: VOID },
  /** To a host that sees its disks; options. */
  'VM.pool_migrate': { params: z.tuple([REF, REF, STRINGS]), result: VOID },
  'VM.assert_can_migrate': { params: z.tuple([...JOURNEY]), result: VOID },
  /** At last formats of the disks, which older pools do not know. */
  'VM.migrate_send': { params: z.tuple([...JOURNEY, STRINGS.optional()]), result: REF },
  /** Network, options. What it gives opens the pool: it holds the session. */
  'host.migrate_receive': { params: z.tuple([REF, REF, STRINGS]), result: STRINGS },
  'VM.destroy': { params: z.tuple([REF]), result: VOID },
  'VBD.create': { params: z.tuple([NEW_VBD]), result: REF },
  'VBD.destroy': { params: z.tuple([REF]), result: VOID },
  'VIF.create': { params: z.tuple([NEW_VIF]), result: REF },
  /** Of a VM; whether only one VM may ever have it. */
  'VTPM.create': { params: z.tuple([REF, z.boolean()]), result: REF },
  'VDI.create': { params: z.tuple([NEW_VDI]), result: REF },
  'VDI.add_to_other_config': { params: z.tuple([REF, STRING, STRING]), result: VOID },
  'VDI.remove_from_other_config': { params: z.tuple([REF, STRING]), result: VOID },
  /** To a repository; the disk that it differs from; or into a disk. */
  'VDI.copy': { params: z.tuple([REF, REF, REF, REF]), result: REF },
  /** To a repository, options; of a VM that runs. */
  'VDI.pool_migrate': { params: z.tuple([REF, REF, STRINGS]), result: REF },
  'VDI.destroy': { params: z.tuple([REF]), result: VOID },
  'VM_appliance.create': {
    params: z.tuple([z.object({ name_label: STRING, name_description: STRING })]),
    result: REF,
  },
  'network.create': { params: z.tuple([NEW_NETWORK]), result: REF },
  'network.add_to_other_config': { params: z.tuple([REF, STRING, STRING]), result: VOID },
  'network.destroy': { params: z.tuple([REF]), result: VOID },
  /** PIF, network, tag: on every host. */
  'pool.create_VLAN_from_PIF': { params: z.tuple([REF, REF, z.number().int()]), result: z.array(REF) },
  'VLAN.destroy': { params: z.tuple([REF]), result: VOID },
  /** Network, PIFs of one host, MAC or nothing, mode, properties. */
  'Bond.create': {
    params: z.tuple([REF, z.array(REF), STRING, STRING, STRINGS]),
    result: REF,
  },
  'Bond.destroy': { params: z.tuple([REF]), result: VOID },
  'task.create': { params: z.tuple([STRING, STRING]), result: REF },
  'task.cancel': { params: z.tuple([REF]), result: VOID },
  'task.destroy': { params: z.tuple([REF]), result: VOID },
} as const satisfies Record<string, { params: z.ZodType; result: z.ZodType }>;

export type Method = keyof typeof METHODS;
export type Params<M extends Method> = z.input<(typeof METHODS)[M]['params']>;
export type Result<M extends Method> = z.output<(typeof METHODS)[M]['result']>;

/** Those that take long and can be watched: they are started as tasks. */
export type LongMethod =
  | 'VM.destroy'
  | 'VM.snapshot'
  | 'VM.start'
  | 'VM.clean_shutdown'
  | 'VM.hard_shutdown'
  | 'VM.migrate_send'
  | 'VM.pool_migrate'
  | 'VDI.copy'
  | 'VDI.pool_migrate'
  | 'VDI.create'
  | 'VDI.destroy'
  | 'pool.create_VLAN_from_PIF'
  | 'VLAN.destroy'
  | 'Bond.create'
  | 'Bond.destroy'
  | 'network.destroy';

/** Whether a call may be made twice without harm. */
export function isRepeatable(method: string): boolean {
  return /\.get_|\.set_|\.remove_from_|^event\.from$|^task\.cancel$/.test(method);
}
