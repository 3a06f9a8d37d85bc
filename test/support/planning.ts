import { loadProfiles } from '../../src/guests/profiles/index.js';
import { type PlanOptions, prepare } from '../../src/planning/index.js';
import type { Migration } from '../../src/planning/migration-file/schema.js';

/** What plans are made with, shipped rules and profiles included; the migration says nothing but what is given. */
export async function planOptions(
  target: string,
  migration: Omit<Migration, 'version'> = {},
): Promise<PlanOptions> {
  const profiles = await loadProfiles();
  return {
    ...(await prepare(null, profiles)),
    migration: { version: 1, ...migration },
    profiles,
    guests: { tools: null, luksKeys: [], isolate: false },
    sources: [],
    target,
    destination: { kind: 'xva', compression: 'none' },
    threads: 2,
    today: '2026-11-27',
  };
}
