import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { globMatches, loadProfiles } from '../guests/profiles/index.js';
import type { Ledger } from '../ledger/index.js';
import type { Inventory } from '../model/inventory.js';
import type { FixupMode, GuestMeans, Plan } from '../model/plan.js';
import { probeVddk } from '../nbdkit/index.js';
import { type Channel, notificationChannels } from '../notifications/index.js';
import {
  applyWhatIf,
  buildPlan,
  destinationOf,
  type FileKind,
  type Migration,
  type MigrationText,
  type PlanOptions,
  prepare,
} from '../planning/index.js';
import { type AskedPool, askPool, judgeByPool } from './ask-pool.js';
import { guestToolsFolder } from './guest-tools-folder.js';
import { soundNight } from './night/watch-jobs.js';
import { namedSources, readSources } from './read-sources.js';

/** What a plan is asked for with. Relative paths begin in the working folder, those of the migration in its own. */
export interface PlanningRequest {
  /** Of a migration file, or its text; null for none. */
  readonly migration: string | MigrationText | null;
  /** Folders and files; those of the migration when there are none. */
  readonly sources: readonly string[];
  /** Machines by name, with `*` for anything; all when there are none. */
  readonly only: readonly string[];
  /** Null: the migration's, or `fallbackTarget`. */
  readonly target: string | null;
  readonly fallbackTarget: string;
  readonly into: FileKind | null;
  readonly fixups: FixupMode | null;
  /** Folder with guest tools; null: the migration's. */
  readonly guestTools: string | null;
  /** That the plan will be run with; null: the target folder's own. */
  readonly ledger: Ledger | null;
}

/** What a plan is made of. */
export interface PreparedPlanning extends PlanOptions {
  readonly inventory: Inventory;
  /** Null where no pool is the target. */
  readonly asked: AskedPool | null;
  /** Who is told of the batch. */
  readonly channels: readonly Channel[];
}

/** Reads everything that a plan is made of. Rejects with USAGE, CONFIG_INVALID, SOURCE_*. */
export async function readPlanning(request: PlanningRequest): Promise<PreparedPlanning> {
  const profiles = await loadProfiles();
  const preparation = await prepare(request.migration, profiles);
  const { folder } = preparation;
  const migration = withRequest(preparation.migration, request);
  const sources = namedSources(request.sources, preparation);
  const inventory = await readSources(sources);
  const target = targetOf(request, migration.target?.folder, folder);
  const destination = destinationOf(migration, folder);
  const asked = destination.kind === 'pool' ? await askPool(destination, target, request.ledger) : null;
  return {
    ...preparation,
    asked,
    channels: notificationChannels(migration.notifications ?? [], folder),
    // What the migration file says of the pool counts more than what the pool does.
    migration: { ...migration, target: { ...asked?.facts, ...migration.target } },
    inventory: selected(inventory, request.only),
    profiles,
    sources: sources.map((source) => ('server' in source ? source.server.url : source.path)),
    target,
    destination,
    guests: await guestMeansOf(request.guestTools, migration, folder),
    threads: availableParallelism(),
    today: new Date().toISOString().slice(0, 10),
  };
}

/** What was asked for counts more than what the migration says. */
function withRequest(migration: Migration, { fixups, into }: PlanningRequest): Migration {
  return {
    ...migration,
    ...(fixups !== null && { fixups }),
    ...(into !== null && { target: { ...migration.target, pool: undefined, into } }),
  };
}

/**
 * The plan, with figures of the migration replaced as `whatIf` says. Rejects with CONFIG_INVALID, TOOL_MISSING,
 * VDDK_UNUSABLE.
 */
export async function planPrepared(
  prepared: PreparedPlanning,
  whatIf: readonly string[] = [],
): Promise<Plan> {
  const { inventory, asked, ...options } = prepared;
  const migration = applyWhatIf(prepared.migration, whatIf);
  const plan = await buildPlan(inventory, { ...options, migration });
  soundNight(plan);
  await refuseUnusableVddk(plan);
  return asked === null ? plan : judgeByPool(plan, prepared.profiles, asked);
}

/** Each would fail in its turn otherwise. */
async function refuseUnusableVddk({ machines }: Plan): Promise<void> {
  const settings = machines.find(({ live }) => live?.read === 'vddk')?.live?.vddk ?? null;
  if (settings !== null) await probeVddk(settings);
}

function targetOf(
  { target, fallbackTarget }: PlanningRequest,
  named: string | undefined,
  folder: string,
): string {
  if (target !== null) return resolve(target);
  return named === undefined ? resolve(fallbackTarget) : resolve(folder, named);
}

async function guestMeansOf(
  given: string | null,
  { guests = {} }: Migration,
  folder: string,
): Promise<GuestMeans> {
  const { tools, luksKeys = [], isolate = false } = guests;
  const named = tools === undefined ? null : resolve(folder, tools);
  return {
    tools: await guestToolsFolder(given === null ? named : resolve(given)),
    luksKeys: luksKeys.map((key) => ('file' in key ? { file: resolve(folder, key.file) } : key)),
    isolate,
  };
}

/** The machines that a pattern names; problems of the others are none of this plan's. */
function selected(inventory: Inventory, patterns: readonly string[]): Inventory {
  if (patterns.length === 0) return inventory;
  const machines = inventory.machines.filter(({ name }) =>
    patterns.some((pattern) => globMatches(pattern, name)),
  );
  const ids = new Set(machines.map(({ id }) => id));
  return {
    machines,
    problems: inventory.problems.filter(({ machineId }) => machineId !== null && ids.has(machineId)),
  };
}
