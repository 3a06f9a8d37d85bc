import { z } from 'zod';

/** `OpaqueRef:…`. */
export const REF = z.string();
export type Ref = z.infer<typeof REF>;
export const NULL_REF: Ref = 'OpaqueRef:NULL';

const STRINGS = z.record(z.string(), z.string());
const REFS = z.array(REF);
const INT = z.number().int();

/** What we read of XAPI's records; the rest is dropped. Sizes are bytes. */
export const POOL_RECORD = z.object({
  uuid: z.string(),
  master: REF,
  default_SR: REF,
  ha_enabled: z.boolean(),
});

export const HOST_RECORD = z.object({
  uuid: z.string(),
  name_label: z.string(),
  address: z.string(),
  enabled: z.boolean(),
  software_version: STRINGS,
  cpu_info: STRINGS,
  metrics: REF,
  PGPUs: REFS,
});

export const HOST_METRICS_RECORD = z.object({ memory_total: INT });

export const SR_RECORD = z.object({
  uuid: z.string(),
  name_label: z.string(),
  type: z.string(),
  content_type: z.string(),
  shared: z.boolean(),
  physical_size: INT,
  physical_utilisation: INT,
  virtual_allocation: INT,
  sm_config: STRINGS,
});
export type SrRecord = z.infer<typeof SR_RECORD>;

export const PBD_RECORD = z.object({
  host: REF,
  SR: REF,
  currently_attached: z.boolean(),
  device_config: STRINGS,
});

/** A kind of repository; releases before 26.15 do not tell its formats. */
export const SM_RECORD = z.object({
  type: z.string(),
  supported_image_formats: z.array(z.string()).default([]),
});

export const GPU_GROUP_RECORD = z.object({ uuid: z.string(), name_label: z.string() });

export const NETWORK_RECORD = z.object({
  uuid: z.string(),
  name_label: z.string(),
  bridge: z.string(),
  MTU: INT,
  other_config: STRINGS,
  PIFs: REFS,
  VIFs: REFS,
});
export type NetworkRecord = z.infer<typeof NETWORK_RECORD>;

export const PIF_RECORD = z.object({
  device: z.string(),
  network: REF,
  host: REF,
  VLAN: INT,
  physical: z.boolean(),
  management: z.boolean(),
  bond_slave_of: REF,
  bond_master_of: REFS,
  VLAN_master_of: REF,
});
export type PifRecord = z.infer<typeof PIF_RECORD>;

export const VM_RECORD = z.object({
  uuid: z.string(),
  name_label: z.string(),
  power_state: z.string(),
  is_a_template: z.boolean(),
  is_default_template: z.boolean().default(false),
  is_a_snapshot: z.boolean(),
  is_control_domain: z.boolean(),
  reference_label: z.string().default(''),
  recommendations: z.string(),
  other_config: STRINGS,
  blocked_operations: STRINGS,
  resident_on: REF,
  metrics: REF,
  guest_metrics: REF,
  snapshots: REFS,
  VBDs: REFS,
  VIFs: REFS,
});
export type VmRecord = z.infer<typeof VM_RECORD>;

export const VDI_RECORD = z.object({
  uuid: z.string(),
  name_label: z.string(),
  name_description: z.string(),
  SR: REF,
  virtual_size: INT,
  physical_utilisation: INT,
  other_config: STRINGS,
  tags: z.array(z.string()),
  VBDs: REFS,
});
export type VdiRecord = z.infer<typeof VDI_RECORD>;

export const VIF_RECORD = z.object({ VM: REF, MAC: z.string(), device: z.string() });

/** `start_time`: of its last start, as ISO 8601 without separators; in 1970 for none. */
export const VM_METRICS_RECORD = z.object({ start_time: z.string() });

/** `networks`: such as `0/ip` or `1/ipv6/0`, by the number of the VIF. */
export const GUEST_METRICS_RECORD = z.object({ networks: STRINGS });

export const APPLIANCE_RECORD = z.object({ uuid: z.string(), name_label: z.string(), VMs: REFS });

export const TASK_RECORD = z.object({
  status: z.enum(['pending', 'success', 'failure', 'cancelling', 'cancelled']),
  progress: z.number(),
  result: z.string(),
  error_info: z.array(z.string()),
});

export const EVENTS = z.object({ token: z.string() });

/** A map from references to records, as `get_all_records` gives it. */
export function allRecords<T extends z.ZodType>(record: T): z.ZodRecord<z.ZodString, T> {
  return z.record(z.string(), record);
}

/** `VM.create`'s argument: what XAPI demands, and what it would otherwise give defaults to that do not fit. */
export const NEW_VM = z.object({
  name_label: z.string(),
  name_description: z.string(),
  user_version: INT,
  is_a_template: z.boolean(),
  affinity: REF,
  domain_type: z.literal('hvm'),
  memory_static_max: INT,
  memory_dynamic_max: INT,
  memory_dynamic_min: INT,
  memory_static_min: INT,
  VCPUs_params: STRINGS,
  VCPUs_max: INT,
  VCPUs_at_startup: INT,
  actions_after_shutdown: z.string(),
  actions_after_reboot: z.string(),
  actions_after_crash: z.string(),
  PV_bootloader: z.string(),
  PV_kernel: z.string(),
  PV_ramdisk: z.string(),
  PV_args: z.string(),
  PV_bootloader_args: z.string(),
  PV_legacy_args: z.string(),
  HVM_boot_policy: z.string(),
  HVM_boot_params: STRINGS,
  HVM_shadow_multiplier: z.number(),
  NVRAM: STRINGS,
  platform: STRINGS,
  PCI_bus: z.string(),
  other_config: STRINGS,
  recommendations: z.string(),
  reference_label: z.string(),
  has_vendor_device: z.boolean(),
  generation_id: z.string(),
  hardware_platform_version: INT,
  tags: z.array(z.string()),
});
export type NewVm = z.infer<typeof NEW_VM>;

export const NEW_VDI = z.object({
  name_label: z.string(),
  name_description: z.string(),
  SR: REF,
  virtual_size: INT,
  type: z.literal('user'),
  sharable: z.boolean(),
  read_only: z.boolean(),
  other_config: STRINGS,
  sm_config: STRINGS,
  tags: z.array(z.string()),
});
export type NewVdi = z.infer<typeof NEW_VDI>;

const QOS = { qos_algorithm_type: z.string(), qos_algorithm_params: STRINGS };

export const NEW_VBD = z.object({
  VM: REF,
  VDI: REF,
  userdevice: z.string(),
  bootable: z.boolean(),
  mode: z.enum(['RO', 'RW']),
  type: z.enum(['CD', 'Disk']),
  empty: z.boolean(),
  unpluggable: z.boolean(),
  other_config: STRINGS,
  ...QOS,
});
export type NewVbd = z.infer<typeof NEW_VBD>;

export const VBD_RECORD = NEW_VBD.extend({ type: z.string() });
export type VbdRecord = z.infer<typeof VBD_RECORD>;

export const NEW_VIF = z.object({
  device: z.string(),
  network: REF,
  VM: REF,
  MAC: z.string(),
  MTU: INT,
  other_config: STRINGS,
  ...QOS,
});
export type NewVif = z.infer<typeof NEW_VIF>;

export const NEW_NETWORK = z.object({
  name_label: z.string(),
  name_description: z.string(),
  MTU: INT,
  other_config: STRINGS,
});
