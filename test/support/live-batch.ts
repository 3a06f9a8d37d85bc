import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type BatchResult, planPrepared, readPlanning, runBatch } from '../../src/coordinator/index.js';
import { loadProfiles } from '../../src/guests/profiles/index.js';
import { Ledger, type SourceChangeRecord } from '../../src/ledger/index.js';
import type { Plan } from '../../src/model/plan.js';
import { MIB } from '../../src/model/units.js';
import type { SimulatedPool } from '../simulators/xapi-pool/index.js';
import { noise } from './disk-maker.js';
import { PATIENCE as POOL_PATIENCE } from './simulated-pool.js';
import type { SimulatedVcenter } from './simulated-vcenter.js';
import type { ManagedObject, VcenterCaller } from './vcenter-caller.js';

/** Nobody waits in tests. */
const PATIENCE = { connect: 2_000, idle: 5_000, pauseScale: 0.01 };

export interface LiveMigration {
  /** Where the migration file and the secrets are put. */
  readonly folder: string;
  readonly vcenter: SimulatedVcenter;
  /** Relative to the folder. */
  readonly target: string;
  readonly into?: 'xva' | 'vhd' | 'xl';
  readonly pool?: SimulatedPool;
  /** `live` of the migration file. */
  readonly live?: object;
  /** More of the migration file. */
  readonly rest?: object;
}

/** Writes a migration file from a simulated vCenter into files or a simulated pool. Returns its path. */
export function liveMigration({ folder, vcenter, target, into, pool, live, rest }: LiveMigration): string {
  const path = join(folder, `${target}.yaml`);
  writeFileSync(join(folder, 'vcenter.secret'), `${vcenter.password}\n`);
  writeFileSync(join(folder, 'pool.secret'), 'simulated\n');
  const destination =
    pool === undefined
      ? {}
      : {
          pool: {
            url: pool.url,
            user: 'root',
            password: { file: 'pool.secret' },
            tlsFingerprints: [...new Set(pool.hosts.map(({ tlsFingerprint }) => tlsFingerprint))],
          },
        };
  const document = {
    version: 1,
    sources: [
      {
        vsphere: new URL(vcenter.url).origin,
        user: vcenter.user,
        password: { file: 'vcenter.secret' },
        tlsFingerprints: [vcenter.fingerprint],
      },
    ],
    target: { folder: target, ...(into !== undefined && { into }), ...destination },
    fixups: 'off',
    ...(live !== undefined && { live }),
    ...rest,
  };
  writeFileSync(path, stringify(document));
  return path;
}

/** The plan that a migration file makes now. */
export async function planLive(migration: string, only: readonly string[] = []): Promise<Plan> {
  const nothing = { sources: [], target: null, into: null, fixups: null, guestTools: null, ledger: null };
  return await planPrepared(await readPlanning({ ...nothing, migration, only, fallbackTarget: 'out' }));
}

export interface LiveRun {
  readonly parallel?: number;
  readonly signal?: AbortSignal;
}

/** Runs a plan to its end in this process. */
export async function runLive(
  plan: Plan,
  { parallel = 8, signal = new AbortController().signal }: LiveRun = {},
): Promise<BatchResult> {
  return await runBatch({
    plan,
    profiles: await loadProfiles(),
    threads: 2,
    parallel,
    checksum: 'xxhash',
    digest: 'xxh64',
    signal,
    unattended: false,
    continues: false,
    observe: () => {},
    patience: POOL_PATIENCE,
    vspherePatience: PATIENCE,
  });
}

/** What the ledger of a target folder says of its machines' ends and of what was done at the source. */
export async function liveOutcome(target: string): Promise<{
  readonly machines: Readonly<Record<string, { readonly state: string; readonly code: string | null }>>;
  readonly notes: readonly string[];
  readonly changes: readonly SourceChangeRecord[];
}> {
  const ledger = await Ledger.openForReading({ folder: target });
  try {
    const batch = await ledger.latestBatch(target);
    const jobs = batch === null ? [] : await ledger.jobs(batch.id);
    const changes = batch === null ? [] : await ledger.sourceChanges.ofBatch(batch.id);
    const named = jobs.map(({ planned, state, error }) => {
      const { name } = z.object({ name: z.string() }).parse(JSON.parse(planned));
      return [name, { state, code: error?.code ?? null }] as const;
    });
    return { machines: Object.fromEntries(named), notes: jobs.flatMap(({ notes }) => notes), changes };
  } finally {
    await ledger.close();
  }
}

/** A disk of a few MiB with data, holes and a tail that no 2 MiB divide. */
export function diskContent(seed: number, mebibytes = 5): Buffer {
  const content = Buffer.alloc(mebibytes * MIB);
  noise(seed, MIB).copy(content, 0);
  noise(seed + 1, MIB / 2).copy(content, (mebibytes - 1) * MIB + 4096);
  return content;
}

export async function powerOf(caller: VcenterCaller, machine: ManagedObject): Promise<string> {
  return (await caller.properties(machine, 'runtime.powerState')).get('runtime.powerState') ?? '';
}

/** Takes the disks out of an XVA: `disk<number>.raw` in the folder. */
export function extractXva(xva: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  execFileSync('python3', [join(import.meta.dirname, '../oracles/xva_check.py'), xva, '--extract', folder]);
}

/** What a guest has written, one after the other. */
export interface GuestWrites {
  /** Whether a disk is as it was at any one moment, from `before` on. */
  areAtOneMoment(before: Buffer, now: Buffer): boolean;
  end(): Promise<void>;
}

const WRITTEN = 65_536;

/** Has a guest write to a disk until it is told to end, all over the disk, never the same twice. */
export function guestWrites(
  vcenter: SimulatedVcenter,
  machine: string,
  disk: { key: number; bytes: number },
): GuestWrites {
  const ending = new AbortController();
  const writes: { readonly at: number; readonly bytes: Buffer }[] = [];
  const work = (async () => {
    for (let number = 1; !ending.signal.aborted; number++) {
      const at = (number * 7 * WRITTEN) % disk.bytes;
      const bytes = noise(1_000 + number, WRITTEN);
      writes.push({ at, bytes });
      await vcenter.write(machine, disk.key, at, bytes);
    }
  })();
  return {
    areAtOneMoment: (before, now) => {
      // A pool may round up the size of a disk.
      const then = Buffer.concat([before], now.length);
      if (then.equals(now)) return true;
      return writes.some(({ at, bytes }) => {
        bytes.copy(then, at);
        return then.equals(now);
      });
    },
    end: async () => {
      ending.abort();
      await work;
    },
  };
}
