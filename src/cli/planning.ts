import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { type AskedPool, askPool, judgeByPool } from '../coordinator/index.js';
import { globMatches, loadProfiles, type Profile } from '../guests/profiles/index.js';
import { XenferryError } from '../model/errors.js';
import type { Inventory } from '../model/inventory.js';
import { FIXUP_MODES, type FixupMode, type GuestMeans, type Plan } from '../model/plan.js';
import {
  applyWhatIf,
  buildPlan,
  destinationOf,
  FILE_KINDS,
  type FileKind,
  type Migration,
  type PlanOptions,
  type Preparation,
  prepare,
} from '../planning/index.js';
import { joinInventories, readInventory } from '../sources/index.js';
import { guestToolsFolder } from './guest-tools-folder.js';
import { countOption } from './threads.js';

/** Where output goes when nobody says. */
const DEFAULT_TARGET = 'out';

/** Options of the commands that begin with a plan. */
export interface PlanningOptions {
  readonly source: string[] | undefined;
  readonly target: string | undefined;
  readonly into: FileKind | undefined;
  readonly only: string[];
  readonly migration: string | undefined;
  readonly fixups: FixupMode | undefined;
  readonly 'guest-tools': string | undefined;
}

export function withPlanningOptions<T>(args: Argv<T>): Argv<T & PlanningOptions> {
  return args
    .positional('source', {
      type: 'string',
      array: true,
      describe: 'Folders, .ovf, .ova or .vmx files, RVTools exports; those of the migration file without',
    })
    .option('migration', {
      alias: 'm',
      type: 'string',
      requiresArg: true,
      describe: 'Migration file: selection, mappings, waves (docs/migration-file.md)',
    })
    .option('target', {
      type: 'string',
      requiresArg: true,
      describe: 'Folder for the machines, the report and the ledger; without, the migration file’s, or out',
    })
    .option('into', {
      choices: FILE_KINDS,
      requiresArg: true,
      describe: 'What machines become in it; xva without (docs/targets.md)',
    })
    .option('fixups', {
      choices: FIXUP_MODES,
      requiresArg: true,
      describe: 'Whether guests are changed so that they run on Xen; auto without (docs/guests.md)',
    })
    .option('guest-tools', {
      type: 'string',
      requiresArg: true,
      describe: 'Folder with guest tools (.deb, .rpm, .msi) to install in the guests',
    })
    .option('only', {
      type: 'string',
      array: true,
      default: [],
      requiresArg: true,
      describe: 'Machines by name; * stands for anything',
    });
}

export interface PlannedSources {
  readonly plan: Plan;
  readonly profiles: readonly Profile[];
}

/** Reads the sources and plans them. */
export async function planSources(options: PlanningOptions): Promise<PlannedSources> {
  const prepared = await readPlanning(options);
  return { profiles: prepared.profiles, plan: await planPrepared(prepared) };
}

/** What a plan is made of. */
export interface PreparedPlanning extends PlanOptions {
  readonly inventory: Inventory;
  /** Null where no pool is the target. */
  readonly asked: AskedPool | null;
}

/** Reads everything that a plan is made of. Rejects with USAGE, CONFIG_INVALID, SOURCE_*. */
export async function readPlanning(options: PlanningOptions): Promise<PreparedPlanning> {
  const profiles = await loadProfiles();
  const preparation = await prepare(options.migration ?? null, profiles);
  const { folder } = preparation;
  const migration = withOptions(preparation.migration, options);
  const sources = sourcesOf(options, preparation);
  const inventories = await Promise.all(
    sources.map(async ({ label, path, configuration }) => ({
      label,
      inventory: await readInventory(path, { configuration }),
    })),
  );
  const target = targetOf(options, migration.target?.folder, folder);
  const destination = destinationOf(migration, folder);
  const asked = destination.kind === 'pool' ? await askPool(destination, target) : null;
  return {
    ...preparation,
    asked,
    // What the migration file says of the pool counts more than what the pool does.
    migration: { ...migration, target: { ...asked?.facts, ...migration.target } },
    inventory: selected(joinInventories(inventories), options.only),
    profiles,
    sources: sources.map(({ path }) => path),
    target,
    destination,
    guests: await guestMeansOf(options, migration, folder),
    threads: countOption('workers', undefined),
    today: new Date().toISOString().slice(0, 10),
  };
}

/** What the command line says counts more than what the migration file does. */
function withOptions(migration: Migration, { fixups, into }: PlanningOptions): Migration {
  return {
    ...migration,
    ...(fixups && { fixups }),
    ...(into && { target: { ...migration.target, pool: undefined, into } }),
  };
}

/** The plan, with figures of the migration replaced as `whatIf` says. */
export async function planPrepared(
  prepared: PreparedPlanning,
  whatIf: readonly string[] = [],
): Promise<Plan> {
  const { inventory, asked, ...options } = prepared;
  const migration = applyWhatIf(prepared.migration, whatIf);
  const plan = await buildPlan(inventory, { ...options, migration });
  return asked === null ? plan : judgeByPool(plan, prepared.profiles, asked);
}

interface NamedSource {
  /** As the operator wrote it. */
  readonly label: string;
  /** Absolute. */
  readonly path: string;
  readonly configuration: string | undefined;
}

function sourcesOf({ source = [] }: PlanningOptions, { migration, folder }: Preparation): NamedSource[] {
  if (source.length > 0) {
    return source.map((label) => ({ label, path: resolve(label), configuration: undefined }));
  }
  const named = (migration.sources ?? []).map((one) => {
    const label = 'path' in one ? one.path : one.rvtools;
    return {
      label,
      path: resolve(folder, label),
      configuration: 'path' in one ? one.configuration : undefined,
    };
  });
  if (named.length > 0) return named;
  throw new XenferryError('USAGE', 'no source is given', {
    hint: 'Name a folder or file of exports, or a migration file that has sources.',
  });
}

function targetOf({ target }: PlanningOptions, named: string | undefined, folder: string): string {
  if (target !== undefined) return resolve(target);
  return named === undefined ? resolve(DEFAULT_TARGET) : resolve(folder, named);
}

async function guestMeansOf(
  { 'guest-tools': given }: PlanningOptions,
  { guests = {} }: Migration,
  folder: string,
): Promise<GuestMeans> {
  const { tools, luksKeys = [], isolate = false } = guests;
  const named = tools === undefined ? null : resolve(folder, tools);
  return {
    tools: await guestToolsFolder(given === undefined ? named : resolve(given)),
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
