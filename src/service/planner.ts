import { join } from 'node:path';
import { planPrepared, readPlanning } from '../coordinator/index.js';
import { loadProfiles, type Profile } from '../guests/profiles/index.js';
import type { Ledger } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';
import type { Plan } from '../model/plan.js';
import type { Channel } from '../notifications/index.js';
import { destinationOf, type MigrationText, prepare } from '../planning/index.js';
import type { AllowedPaths } from './allowed-paths.js';
import type { PlanDocument } from './api/plans.js';
import { planDocument } from './plan-document.js';

/** So many plans wait for the one that is being made. */
const MAX_WAITING = 16;
const NAME_LENGTH = 60;

export interface PlannedMigration {
  readonly plan: Plan;
  readonly profiles: readonly Profile[];
  readonly document: PlanDocument;
  /** Who is told of the batch. */
  readonly channels: readonly Channel[];
}

export interface PlannerOptions {
  /** Absolute path of the folder in which relative paths begin. */
  readonly home: string;
  readonly ledger: Ledger;
  readonly paths: AllowedPaths;
}

/** Makes plans of migrations that clients sent, one at a time. */
export class Planner {
  readonly #options: PlannerOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: PlannerOptions) {
    this.#options = options;
  }

  /**
   * Plans a migration's text; `name` is the batch's. Machines go into a folder of that name in the home where the text
   * names none. Rejects with PATH_NOT_ALLOWED, SERVICE_BUSY, CONFIG_INVALID, SOURCE_*, POOL_*.
   */
  async plan(text: string, name: string): Promise<PlannedMigration> {
    if (this.#waiting >= MAX_WAITING) {
      throw new XenferryError('SERVICE_BUSY', 'the service plans other migrations');
    }
    this.#waiting += 1;
    const planned = this.#last.then(() => this.#plan(text, name));
    this.#last = planned.catch(() => {});
    try {
      return await planned;
    } finally {
      this.#waiting -= 1;
    }
  }

  /**
   * Whether a text can be planned one day, as far as can be told without its sources and its pool. `hasSources`: whether
   * it gets others than its own. Rejects with PATH_NOT_ALLOWED, CONFIG_INVALID.
   */
  async check(text: string, hasSources: boolean): Promise<void> {
    const { migration, folder } = await prepare(this.#textOf(text), await loadProfiles());
    destinationOf(migration, folder);
    if (hasSources || (migration.sources ?? []).length > 0) return;
    throw new XenferryError('CONFIG_INVALID', 'the migration names no source', {
      hint: 'Give it sources, or the schedule a folder in which they arrive.',
    });
  }

  #textOf(text: string): MigrationText {
    const { home, paths } = this.#options;
    return {
      text,
      name: 'migration',
      folder: home,
      admit: (migration) => paths.admitMigration(migration, home),
    };
  }

  async #plan(text: string, name: string): Promise<PlannedMigration> {
    const { home, ledger } = this.#options;
    const prepared = await readPlanning({
      migration: this.#textOf(text),
      sources: [],
      only: [],
      target: null,
      fallbackTarget: join(home, 'batches', folderName(name)),
      into: null,
      fixups: null,
      guestTools: null,
      ledger,
    });
    const plan = await planPrepared(prepared);
    const document = planDocument(plan, prepared.inventory, text);
    return { plan, profiles: prepared.profiles, channels: prepared.channels, document };
  }
}

/** Letters, digits and hyphens, so that a name cannot lead anywhere. */
function folderName(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return plain.slice(0, NAME_LENGTH).toLowerCase() || 'batch';
}
