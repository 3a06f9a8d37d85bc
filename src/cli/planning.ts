import type { Argv } from 'yargs';
import { type PreparedPlanning, planPrepared, readPlanning } from '../coordinator/index.js';
import type { Profile } from '../guests/profiles/index.js';
import { Ledger, type LedgerPlace } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';
import { FIXUP_MODES, type FixupMode, type Plan } from '../model/plan.js';
import type { Channel } from '../notifications/index.js';
import { FILE_KINDS, type FileKind } from '../planning/index.js';

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
  /** Who is told of the batch. */
  readonly channels: readonly Channel[];
}

/** Reads the sources and plans them. `store`: where the ledger of the run is, when not in its target. */
export async function planSources(
  options: PlanningOptions,
  store: LedgerPlace | undefined,
): Promise<PlannedSources> {
  const ledger = store === undefined ? null : await ledgerOfEarlierRuns(store);
  try {
    const prepared = await readPlanningOptions(options, ledger);
    const { profiles, channels } = prepared;
    return { profiles, channels, plan: await planPrepared(prepared) };
  } finally {
    await ledger?.close();
  }
}

/** Null before the first run. */
async function ledgerOfEarlierRuns(store: LedgerPlace): Promise<Ledger | null> {
  try {
    return await Ledger.openForReading(store);
  } catch (error) {
    if (error instanceof XenferryError && error.code === 'SOURCE_NOT_FOUND') return null;
    throw error;
  }
}

/** Reads everything that a plan is made of. Rejects with USAGE, CONFIG_INVALID, SOURCE_*. */
export async function readPlanningOptions(
  options: PlanningOptions,
  ledger: Ledger | null = null,
): Promise<PreparedPlanning> {
  const { source = [], target, into, only, migration, fixups } = options;
  return await readPlanning({
    migration: migration ?? null,
    sources: source,
    only,
    target: target ?? null,
    fallbackTarget: DEFAULT_TARGET,
    into: into ?? null,
    fixups: fixups ?? null,
    guestTools: options['guest-tools'] ?? null,
    ledger,
  });
}
