import { installCommand, missingTools } from '../guests/index.js';
import type { Profile } from '../guests/profiles/index.js';
import type { Concern, PlannedMachine } from '../model/plan.js';
import { concern } from './own-concerns.js';

/** What this machine lacks for the guests that are to be changed; told before the night, not in it. */
export async function guestConcerns(
  machines: readonly PlannedMachine[],
  profiles: readonly Profile[],
): Promise<Concern[]> {
  const withFixups = new Map(
    profiles.map(({ id, family, fixups }) => [id, fixups.length > 0 ? family : null]),
  );
  const families = new Set(
    machines.flatMap(({ fixups, profile }) => (fixups === 'off' ? [] : (withFixups.get(profile.id) ?? []))),
  );
  if (families.size === 0) return [];
  const missing = (await missingTools()).filter(
    ({ guests }) => guests === 'any' || (guests !== 'few' && families.has(guests)),
  );
  if (missing.length === 0) return [];
  const names = missing.map(({ program }) => program).join(', ');
  const packages = missing.map(({ debianPackage }) => debianPackage);
  return [
    concern('TOOL_MISSING', 'warning', `guests cannot be changed without ${names}`, installCommand(packages)),
  ];
}
