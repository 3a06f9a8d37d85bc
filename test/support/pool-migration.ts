import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { SimulatedPool } from '../simulators/xapi-pool/index.js';

/** A migration file that leads into a simulated pool; `target` and `rest` add to it. Returns its path. */
export function poolMigration(
  folder: string,
  pool: SimulatedPool,
  { target = {}, pool: settings = {}, ...rest }: Record<string, object> = {},
): string {
  const path = join(folder, 'migration.yaml');
  const document = {
    version: 1,
    target: {
      folder: 'out',
      ...target,
      pool: {
        url: pool.url,
        user: 'root',
        password: { file: 'pool.secret' },
        tlsFingerprints: [...new Set(pool.hosts.map(({ tlsFingerprint }) => tlsFingerprint))],
        ...settings,
      },
    },
    ...rest,
  };
  writeFileSync(join(folder, 'pool.secret'), 'simulated\n');
  writeFileSync(path, stringify(document));
  return path;
}
