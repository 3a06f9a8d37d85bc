import type { Profile } from '../../guests/profiles/index.js';
import type { PlannedMachine } from '../../model/plan.js';
import { type NewVm, NULL_REF, type Ref } from '../../xapi/index.js';
import { bootParameters, HVM_BASICS, platformOf } from '../machine-facts.js';
import type { MachinePlacement } from './machine-placement.js';
import { ownedBy } from './ownership.js';

export interface VmSpec {
  readonly planned: PlannedMachine;
  readonly profile: Profile;
  readonly placement: MachinePlacement;
  readonly jobId: string;
  /** The vApp it belongs to; null for none. */
  readonly appliance: Ref | null;
}

/**
 * `VM.create`'s argument, as far as any user may have it: a template, which cannot be started. All of the memory is given at once: a guest that is new to Xen
 * has no balloon driver yet.
 */
export function vmRecord({ planned, profile, placement, jobId }: VmSpec): NewVm {
  const { machine } = planned;
  const { memoryBytes, cpus } = machine;
  return {
    name_label: planned.name,
    name_description: machine.description,
    user_version: 1,
    is_a_template: true,
    affinity: placement.homeHost ?? NULL_REF,
    domain_type: 'hvm',
    memory_static_min: memoryBytes,
    memory_dynamic_min: memoryBytes,
    memory_dynamic_max: memoryBytes,
    memory_static_max: memoryBytes,
    VCPUs_params: {},
    VCPUs_max: cpus,
    VCPUs_at_startup: cpus,
    ...HVM_BASICS,
    HVM_boot_params: bootParameters(machine),
    HVM_shadow_multiplier: 1,
    NVRAM: {},
    platform: platformOf(planned, profile),
    PCI_bus: '',
    other_config: otherConfig(planned, placement, jobId),
    recommendations: placement.template?.recommendations ?? '',
    reference_label: placement.template?.reference_label ?? profile.template,
    has_vendor_device: profile.hasVendorDevice,
    generation_id: '0:0',
    hardware_platform_version: 0,
    tags: [...new Set(['xenferry', ...machine.placement.tags])],
  };
}

/** Folder and custom fields stand where XenCenter looks for them. */
function otherConfig(
  { machine }: PlannedMachine,
  { template }: MachinePlacement,
  jobId: string,
): Record<string, string> {
  const { folder, attributes } = machine.placement;
  const fields = Object.entries(attributes).map(([name, value]) => [`XenCenter.CustomFields.${name}`, value]);
  return {
    ...Object.fromEntries(fields),
    ...(folder === null ? {} : { folder: `/${folder.replaceAll(/^\/+|\/+$/g, '')}` }),
    ...(template === null ? {} : { base_template_name: template.name_label }),
    'xenferry:source': machine.source.descriptor,
    ...ownedBy(jobId),
  };
}
