import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { globMatches, loadProfiles, type Profile } from '../guests/profiles/index.js';
import type { Inventory } from '../model/inventory.js';
import type { Plan } from '../model/plan.js';
import { buildPlan } from '../planning/index.js';
import { readInventory } from '../sources/index.js';

/** Options of the commands that begin with a plan. */
export interface PlanningOptions {
  readonly source: string[];
  readonly target: string;
  readonly only: string[];
}

export function withPlanningOptions<T>(args: Argv<T>): Argv<T & PlanningOptions> {
  return args
    .positional('source', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Folders, .ovf, .ova or .vmx files',
    })
    .option('target', {
      type: 'string',
      default: 'out',
      requiresArg: true,
      describe: 'Folder for the .xva files, the report and the ledger',
    })
    .option('only', {
      type: 'string',
      array: true,
      default: [],
      requiresArg: true,
      describe: 'Machines by name; * stands for anything',
    });
}

/** Reads the sources and plans them. */
export async function planSources(
  options: PlanningOptions,
): Promise<{ plan: Plan; profiles: readonly Profile[] }> {
  const sources = options.source.map((source) => resolve(source));
  const inventories = await Promise.all(sources.map(readInventory));
  const profiles = await loadProfiles();
  const inventory = selected(joined(inventories, options.source), options.only);
  return {
    profiles,
    plan: await buildPlan(inventory, { sources, target: resolve(options.target), profiles }),
  };
}

/** With several sources, the source as given stands before every id, which keeps them unique. */
function joined(inventories: readonly Inventory[], sources: readonly string[]): Inventory {
  const [only] = inventories;
  if (only !== undefined && inventories.length === 1) return only;
  const prefixed = inventories.map(({ machines, problems }, index) => {
    const id = (relative: string) => `${sources[index]}:${relative}`;
    return {
      machines: machines.map((machine) => ({ ...machine, id: id(machine.id) })),
      problems: problems.map((problem) => ({
        ...problem,
        file: id(problem.file),
        machineId: problem.machineId === null ? null : id(problem.machineId),
      })),
    };
  });
  return {
    machines: prefixed.flatMap(({ machines }) => machines),
    problems: prefixed.flatMap(({ problems }) => problems),
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
