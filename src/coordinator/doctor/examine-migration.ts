import { loadProfiles } from '../../guests/profiles/index.js';
import { destinationOf, livePolicy, prepare } from '../../planning/index.js';
import type { VspherePatience } from '../../vsphere/index.js';
import type { PoolPatience } from '../../xapi/index.js';
import { namedSources } from '../read-sources.js';
import { examinePool } from './examine-pool.js';
import { examineSource } from './examine-source.js';
import { examineVddk } from './examine-vddk.js';
import type { Finding } from './finding.js';
import { actionsOf } from './source-actions.js';

/**
 * Looks at the servers that a migration file names: whether what it asks for can be done there. Rejects with
 * CONFIG_INVALID, USAGE, SOURCE_NOT_FOUND for a file that is of no use.
 */
export async function examineMigration(
  file: string,
  patience: { readonly pool?: PoolPatience; readonly vsphere?: VspherePatience } = {},
): Promise<Finding[]> {
  const preparation = await prepare(file, await loadProfiles());
  const { migration, folder } = preparation;
  const moves = Object.values(migration.machines ?? {}).flatMap(({ move }) => move ?? []);
  const policy = livePolicy(migration);
  const wanted = actionsOf(policy, moves);
  const findings: Finding[] = policy.vddk === null ? [] : [await examineVddk(policy.vddk)];
  for (const source of namedSources([], preparation)) {
    if ('server' in source) findings.push(...(await examineSource(source.server, wanted, patience.vsphere)));
  }
  const destination = destinationOf(migration, folder);
  if (destination.kind === 'pool') findings.push(...(await examinePool(destination, patience.pool)));
  return findings;
}
