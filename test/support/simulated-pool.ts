import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { GIB } from '../../src/model/units.js';
import { connectPool, type PoolAccess, type XapiClient } from '../../src/xapi/index.js';
import { type PoolOptions, type Row, type SimulatedPool, startPool } from '../simulators/xapi-pool/index.js';

/** A password that must be nowhere else. */
export const POOL_PASSWORD = 'kestrel-4711';

/** Nobody waits in tests. */
export const PATIENCE = { connect: 2_000, idle: 4_000, pauseScale: 0.001 };

/** A pool that is there until the test ends: one host and one repository unless told otherwise. */
export async function simulatedPool(options: PoolOptions = {}): Promise<SimulatedPool> {
  const pool = await startPool({
    users: [{ name: 'root', password: POOL_PASSWORD, role: 'pool-admin' }],
    repositories: [{ name: 'Local', type: 'ext', size: 1024 * GIB }],
    ...options,
    // As short in proportion as the patience of the tests.
    timings: { loginDelayMs: 10, detachMs: 5, ...options.timings },
  });
  onTestFinished(() => pool.close());
  return pool;
}

/** How the pool is reached by whoever trusts its hosts' own certificates alone. */
export function accessTo(pool: SimulatedPool, changes: Partial<PoolAccess> = {}): PoolAccess {
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-password-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'password');
  writeFileSync(file, `${POOL_PASSWORD}\n`);
  const tlsFingerprints = pool.hosts.map((host) => host.tlsFingerprint);
  return { url: pool.url, user: 'root', password: { file }, tlsFingerprints, patience: PATIENCE, ...changes };
}

/** A session at the pool until the test ends. */
export async function connected(pool: SimulatedPool, changes: Partial<PoolAccess> = {}): Promise<XapiClient> {
  const client = await connectPool(accessTo(pool, changes));
  onTestFinished(() => client.close());
  return client;
}

const OWNER_KEY = 'xenferry:job';

/** What in the pool carries a job's id, and what an import leaves beside: as `VM web`. */
export function tracesOf({ objects }: SimulatedPool): string[] {
  const owned = ['VM', 'VDI', 'VBD', 'VIF', 'network'].flatMap((className) =>
    objects.all(className).filter((row) => row.map('other_config')[OWNER_KEY] !== undefined),
  );
  return [...owned, ...objects.all('VTPM')].map((row) => `${row.className} ${nameOf(row)}`);
}

function nameOf(row: Row): string {
  return 'name_label' in row.values ? row.text('name_label') : row.ref;
}
