import { join } from 'node:path';
import { askPool, type BatchResult, judgeByPool, runBatch } from '../../src/coordinator/index.js';
import type { PoolDestination } from '../../src/model/destination.js';
import type { Plan } from '../../src/model/plan.js';
import { buildPlan, type Migration } from '../../src/planning/index.js';
import { readInventory } from '../../src/sources/index.js';
import type { PoolPatience } from '../../src/xapi/index.js';
import { planOptions } from './planning.js';

export interface PoolBatch {
  readonly source: string;
  /** Absolute path of the target folder. */
  readonly target: string;
  readonly destination: PoolDestination;
  readonly migration?: Omit<Migration, 'version'>;
}

/** The plan of a batch, judged by the pool, without fixups. */
export async function planBatch({ source, target, destination, migration }: PoolBatch): Promise<Plan> {
  const options = await planOptions(target, { fixups: 'off', ...migration });
  const inventory = await readInventory(source, {});
  const plan = await buildPlan(inventory, { ...options, destination });
  return judgeByPool(plan, options.profiles, await askPool(destination, target));
}

export interface RunSettings {
  readonly parallel?: number;
  readonly signal?: AbortSignal;
  readonly patience?: PoolPatience;
}

/** Runs a batch to its end in this process. */
export async function runPoolBatch(
  plan: Plan,
  { parallel = 8, signal = new AbortController().signal, patience }: RunSettings = {},
): Promise<BatchResult> {
  const { profiles } = await planOptions(plan.target);
  return await runBatch({
    plan,
    profiles,
    threads: 2,
    parallel,
    checksum: 'xxhash',
    digest: 'xxh64',
    signal,
    unattended: false,
    continues: false,
    observe: () => {},
    patience,
  });
}

/** How a simulated pool is reached; the password is in a file of `folder`. */
export function poolDestination(
  folder: string,
  { url, fingerprints }: { readonly url: string; readonly fingerprints: readonly string[] },
  changes: Partial<PoolDestination> = {},
): PoolDestination {
  return {
    kind: 'pool',
    url,
    user: 'root',
    password: { file: join(folder, 'pool.secret') },
    tlsFingerprints: fingerprints,
    readBack: 'all',
    disksPerHost: 4,
    disksPerStorage: 8,
    newNetworks: [],
    after: { move: null, snapshot: null, start: null },
    ...changes,
  };
}
