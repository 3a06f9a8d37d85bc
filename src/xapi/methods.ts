import { z } from 'zod';
import {
  APPLIANCE_RECORD,
  allRecords,
  EVENTS,
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
  SR_RECORD,
  TASK_RECORD,
  VDI_RECORD,
  VIF_RECORD,
  VM_RECORD,
} from './records.js';

const STRING = z.string();
/** A void result is an empty string. */
const VOID = z.unknown().transform(() => undefined);

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
  'VM.get_record': { params: z.tuple([REF]), result: VM_RECORD },
  'VDI.get_record': { params: z.tuple([REF]), result: VDI_RECORD },
  'task.get_record': { params: z.tuple([REF]), result: TASK_RECORD },
  /** Classes or `task/<ref>`, the token of the last answer, seconds to wait. */
  'event.from': { params: z.tuple([z.array(STRING), STRING, z.number()]), result: EVENTS },

  'VM.create': { params: z.tuple([NEW_VM]), result: REF },
  'VM.add_to_other_config': { params: z.tuple([REF, STRING, STRING]), result: VOID },
  'VM.set_blocked_operations': { params: z.tuple([REF, z.record(STRING, STRING)]), result: VOID },
  'VM.remove_from_blocked_operations': { params: z.tuple([REF, STRING]), result: VOID },
  'VM.destroy': { params: z.tuple([REF]), result: VOID },
  'VBD.create': { params: z.tuple([NEW_VBD]), result: REF },
  'VIF.create': { params: z.tuple([NEW_VIF]), result: REF },
  /** Of a VM; whether only one VM may ever have it. */
  'VTPM.create': { params: z.tuple([REF, z.boolean()]), result: REF },
  'VDI.create': { params: z.tuple([NEW_VDI]), result: REF },
  'VDI.add_to_other_config': { params: z.tuple([REF, STRING, STRING]), result: VOID },
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
    params: z.tuple([REF, z.array(REF), STRING, STRING, z.record(STRING, STRING)]),
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
  | 'VDI.create'
  | 'VDI.destroy'
  | 'pool.create_VLAN_from_PIF'
  | 'VLAN.destroy'
  | 'Bond.create'
  | 'Bond.destroy'
  | 'network.destroy';

/** Whether a call may be made twice without harm. */
export function isRepeatable(method: string): boolean {
  return /\.get_|^event\.from$|^task\.cancel$/.test(method);
}
