import { z } from 'zod';

const TEXT = z.string().min(1).max(500);
/** `reference_label` of a template; the stock ones have names like `windows-10-64bit` and `ubuntu-22.04`. */
const TEMPLATE = z.string().regex(/^[a-z0-9.-]+$/);
/** `*` stands for anything, letter case does not count, a number stands for itself and what begins with it. */
const PATTERNS = z.array(TEXT).max(200).default([]);
const RELEASE = z.string().regex(/^[0-9][0-9A-Za-z. ]*$/);
/** The controller on which the firmware sees the first four disks. */
const BOOT_DISK = z.strictObject({ bootDisk: z.enum(['ide', 'nvme']) });

/** What Xen needs for a guest family and range of releases; one YAML file in `profiles/`. */
export const PROFILE_SCHEMA = z.strictObject({
  /** The file's name without `.yaml`. */
  id: z
    .string()
    .max(60)
    .regex(/^[a-z0-9-]+$/),
  title: TEXT,
  family: z.enum(['linux', 'windows', 'bsd', 'other']),
  /**
   * How much is known of a guest that this profile matches: its release, its product (Ubuntu of whichever release),
   * its family (a Linux), or nothing. What knows more wins.
   */
  precision: z.enum(['release', 'product', 'family', 'none']),
  match: z.strictObject({
    /** Patterns for VMware's identifiers: vSphere's (`rhel6_64Guest`) and those of VMX files (`rhel6-64`). */
    vmware: PATTERNS,
    /** CIM_OperatingSystem.OsType, the number in an OVF. */
    cim: z.array(z.number().int().min(0).max(65_535)).max(50).default([]),
    /** Patterns for what is written for people, VMware Tools' report included: `CentOS 6 (64-bit)`. */
    description: PATTERNS,
  }),
  /** In bits. */
  architectures: z.array(z.union([z.literal(32), z.literal(64)])).min(1),
  /** First and last release it is made for; `to` is left out where the last one is not out yet. */
  releases: z.strictObject({ from: RELEASE, to: RELEASE.optional() }).optional(),
  /** There are Xen drivers; the guest keeps to emulated devices or needs work by hand; it will not run. */
  support: z.enum(['full', 'limited', 'none']),
  /** The day on which the vendor's regular support ended, or ends. */
  endOfLife: z.iso.date().optional(),
  /** `reference_label` of the XenServer template whose behaviour the VM gets. */
  template: TEMPLATE,
  /** Labels that fit better where a pool has them, the best first; which ones it has depends on its release. */
  templates: z
    .strictObject({ xenserver: z.array(TEMPLATE).default([]), 'xcp-ng': z.array(TEMPLATE).default([]) })
    .default({ xenserver: [], 'xcp-ng': [] }),
  /** Whether Windows Update may bring the PV drivers. */
  hasVendorDevice: z.boolean(),
  /** XAPI `VM.platform` entries. */
  platform: z.record(z.string(), z.string()),
  /** Firmware the guest can boot with, and where it then finds its first disk. */
  firmware: z.strictObject({ bios: BOOT_DISK.optional(), efi: BOOT_DISK.optional() }),
  pvDrivers: z.strictObject({
    from: z.enum(['kernel', 'guest tools', 'none']),
    /** Since which kernel, which tools; one sentence. */
    note: TEXT,
  }),
  /** Changes inside the guest, in their order. */
  fixups: z.array(z.string().regex(/^[a-z]+\/[a-z-]+$/)).max(50),
  /** What the operator must know, one sentence each. */
  limits: z.array(TEXT).max(20),
});

export type Profile = z.infer<typeof PROFILE_SCHEMA>;

export type TargetProduct = keyof Profile['templates'];

/** The template that every pool of either product has. */
const ANY_GUEST = 'other-install-media';

/** Labels to look for among a pool's templates, the best first; the last one is always there. */
export function templateChoices(profile: Profile, product: TargetProduct): string[] {
  return [...new Set([...profile.templates[product], profile.template, ANY_GUEST])];
}
