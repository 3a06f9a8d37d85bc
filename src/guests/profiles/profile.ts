import { z } from 'zod';

/** What Xen needs for a guest family; one YAML file in `profiles/`. */
export const PROFILE_SCHEMA = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string().min(1),
  match: z.strictObject({
    /** Patterns for the source's guest identifier; `*` stands for anything, letter case does not count. */
    guestOs: z.array(z.string().min(1)).min(1),
  }),
  /** `reference_label` of the XenServer template whose behaviour the VM gets. */
  template: z.string().min(1),
  /** Whether Windows Update may bring the PV drivers. */
  hasVendorDevice: z.boolean(),
  /** XAPI `VM.platform` entries. */
  platform: z.record(z.string(), z.string()),
  /** What the operator must know, one sentence each. */
  limits: z.array(z.string()),
});

export type Profile = z.infer<typeof PROFILE_SCHEMA>;

/** The profile for a guest: the most specific pattern wins, that is the one with the most literal characters. */
export function matchProfile(profiles: readonly Profile[], guestOs: string): Profile | undefined {
  let best: { profile: Profile; weight: number } | undefined;
  for (const profile of profiles) {
    for (const pattern of profile.match.guestOs) {
      const weight = pattern.replaceAll('*', '').length;
      if (globMatches(pattern, guestOs) && (best === undefined || weight > best.weight))
        best = { profile, weight };
    }
  }
  return best?.profile;
}

/** Whether `text` as a whole matches a pattern in which `*` stands for anything; letter case does not count. */
export function globMatches(pattern: string, text: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 'is').test(text);
}
