import { installCommand } from '../guests/index.js';
import { matchProfile, type Profile } from '../guests/profiles/index.js';
import { freeBytes } from '../io/free-space.js';
import type { Destination } from '../model/destination.js';
import { XenferryError } from '../model/errors.js';
import { groupBy } from '../model/group-by.js';
import type { Inventory, Problem } from '../model/inventory.js';
import {
  type Concern,
  type GuestMeans,
  isBlocking,
  isCritical,
  type Plan,
  type PlannedMachine,
} from '../model/plan.js';
import type { VirtualMachine } from '../model/virtual-machine.js';
import { isZstdInstalled } from '../zstd/index.js';
import {
  applyWaivers,
  planFacts,
  RuleBook,
  SharedResources,
  waiverConcerns,
  waiversFor,
} from './concerns/index.js';
import { estimatePlan, limitsOf, ratesOf } from './estimate/index.js';
import { guestConcerns } from './guest-concerns.js';
import { livePolicy, plannedLive } from './live/planned-live.js';
import { type MappedMachine, Mappings } from './mapping/map-machine.js';
import { refuseUnknownPlaces } from './night/limit-names.js';
import { plannedNight } from './night/planned-night.js';
import { type Turn, Turns } from './night/turns.js';
import { outputNames } from './output-names.js';
import { concern, concernOfProblem } from './own-concerns.js';
import type { Preparation } from './prepare.js';
import { type Selection, selectMachines } from './selection/index.js';
import { surveyMachine } from './survey-machine.js';
import { usedBytes } from './target-space.js';
import { Waves } from './waves.js';

export interface PlanOptions extends Omit<Preparation, 'folder'> {
  /** Absolute paths the inventory was read from. */
  readonly sources: readonly string[];
  /** Absolute path of the target folder; need not exist yet. */
  readonly target: string;
  readonly destination: Destination;
  readonly profiles: readonly Profile[];
  readonly guests: GuestMeans;
  /** That the machine has for conversions, where the migration names no number. */
  readonly threads: number;
  /** ISO date from which ages are counted. */
  readonly today: string;
}

/** A machine before its concerns are known. */
interface Draft {
  readonly planned: PlannedMachine;
  readonly profile: Profile;
}

/**
 * Says what will be done to each machine, when, and what stands against it. Reads metadata of every disk, no data.
 * Rejects with CONFIG_INVALID for a migration that does not fit the inventory, PROFILE_INVALID.
 */
export async function buildPlan(inventory: Inventory, options: PlanOptions): Promise<Plan> {
  const { migration, lists, rules } = options;
  const selection = selectMachines(inventory.machines, migration, lists);
  const waves = new Waves(migration, lists);
  const night = plannedNight(migration);
  const limits = limitsOf(migration, options.threads);
  const drafts = await draftMachines(inventory, selection, waves, options);
  refuseUnknownPlaces(limits.byName, {
    machines: inventory.machines,
    planned: drafts.map(({ planned }) => planned),
    target: migration.target,
  });

  const shared = new SharedResources(drafts.map(({ planned }) => planned));
  const book = new RuleBook(rules, {
    target: migration.target,
    mappings: {
      networks: migration.networks?.length ?? 0,
      storage: migration.storage?.length ?? 0,
    },
    shared,
    today: options.today,
  });
  const refused: { machine: string; ids: string[] }[] = [];
  const machines = drafts.map(({ planned, profile }): PlannedMachine => {
    const own = selection.overrides.of(planned.machine).waive;
    // What reading the machine found already is not told twice.
    const told = new Set(planned.concerns.map(({ id }) => id));
    const found = book.machineConcerns(planned, profile).filter(({ id }) => !told.has(id));
    const judged = applyWaivers([...planned.concerns, ...found], waiversFor(own, migration.waive));
    if (judged.refused.length > 0) refused.push({ machine: planned.name, ids: judged.refused });
    return { ...planned, concerns: judged.concerns };
  });

  const plannedWaves = waves.plan(machines);
  const estimate = estimatePlan({
    machines: machines.filter(({ concerns }) => !concerns.some(isBlocking)),
    waves: plannedWaves,
    rates: ratesOf(migration),
    limits,
    start: migration.start ?? null,
    blackOuts: night.blackOuts,
    caps: night.caps,
    atWindowEnd: night.policy.atWindowEnd,
    target: migration.target,
  });
  const { unreadable, notes } = problemsOfNoMachine(inventory, migration.select !== undefined);
  const plan = { machines, waves: plannedWaves, night, estimate, unreadable };
  const facts = planFacts(plan, { target: migration.target, shared }, selection.unmatched);
  const concerns = [
    ...notes.map(concernOfProblem),
    ...(options.destination.kind === 'pool' ? [] : await spaceConcerns(machines, options.target)),
    ...(await toolConcerns(options.destination)),
    ...(await guestConcerns(machines, options.profiles)),
    ...book.planConcerns(facts),
    ...waiverConcerns(refused, waivedIds(migration), rules),
  ];
  return {
    ...plan,
    sources: options.sources,
    target: options.target,
    destination: options.destination,
    guests: options.guests,
    concerns: applyWaivers(concerns, migration.waive ?? {}).concerns,
  };
}

async function draftMachines(
  { problems, machines: all }: Inventory,
  { machines, overrides }: Selection,
  waves: Waves,
  { migration, profiles, destination }: PlanOptions,
): Promise<Draft[]> {
  const mappings = new Mappings(migration);
  const turns = new Turns(migration, all, machines);
  const mapped = machines.map((machine) => mappings.map(machine, overrides.of(machine)));
  const outputs = outputNames(
    mapped.map(({ name }) => name),
    destination.kind === 'xva' ? '.xva' : '',
  );
  const found = groupBy(problems, ({ machineId }) => machineId);
  const policy = livePolicy(migration);
  const drafts: Draft[] = [];
  for (const [index, machine] of machines.entries()) {
    const mapping = mapped[index];
    if (mapping === undefined) continue;
    const profile = profileOf(machine, mapping, profiles);
    const known = (found.get(machine.id) ?? []).map(concernOfProblem);
    const own = overrides.of(machine);
    const live = plannedLive(machine, policy, own, destination);
    const planned = await planMachine(machine, mapping, profile, [...known, ...(live?.concerns ?? [])]);
    const wave = waves.of(machine, own);
    const turn = turns.of(machine, own, wave);
    drafts.push({
      profile,
      planned: { ...planned, ...turn, live: live?.live ?? null, output: outputs[index] ?? '', wave },
    });
  }
  return drafts;
}

async function planMachine(
  machine: VirtualMachine,
  { storages, profileId: _, ...mapping }: MappedMachine,
  { id, title, limits }: Profile,
  known: readonly Concern[],
): Promise<Omit<PlannedMachine, 'output' | 'wave' | 'live' | keyof Turn>> {
  const survey = await surveyMachine(machine, known);
  return {
    machine,
    ...mapping,
    profile: { id, title, limits },
    disks: survey.disks.map((disk, index) => ({ ...disk, storage: storages[index] ?? null })),
    dataBytes: survey.disks.reduce((sum, disk) => sum + disk.dataBytes, 0),
    certainBytes: survey.disks.reduce((sum, disk) => sum + disk.certainBytes, 0),
    concerns: [...known, ...survey.concerns],
  };
}

function profileOf(
  machine: VirtualMachine,
  { profileId }: MappedMachine,
  profiles: readonly Profile[],
): Profile {
  const profile =
    profileId === null
      ? matchProfile(profiles, { ...machine, reportedOs: machine.guest.reportedOs })?.profile
      : profiles.find(({ id }) => id === profileId);
  if (profile !== undefined) return profile;
  const what = profileId === null ? `the guest "${machine.guestOs}" has none` : `there is no ${profileId}`;
  throw new XenferryError('PROFILE_INVALID', `${machine.name}: ${what}`, {
    hint: 'xenferry profiles lists them; keep the generic one, which fits every guest.',
  });
}

/** Where machines are chosen, a descriptor that cannot be read may be of another one: it is told, not counted. */
function problemsOfNoMachine(
  { problems }: Inventory,
  chosen: boolean,
): { readonly unreadable: readonly Problem[]; readonly notes: readonly Problem[] } {
  const orphans = problems.filter(({ machineId }) => machineId === null);
  if (chosen) {
    return { unreadable: [], notes: orphans.map((problem) => ({ ...problem, severity: 'warning' })) };
  }
  return {
    unreadable: orphans.filter(isCritical),
    notes: orphans.filter((problem) => !isCritical(problem)),
  };
}

function waivedIds({ waive, machines }: PlanOptions['migration']): Set<string> {
  const own = Object.values(machines ?? {}).map((machine) => machine.waive);
  return new Set([waive, ...own].flatMap((reasons) => Object.keys(reasons ?? {})));
}

/** Told before the night, not in it. */
async function toolConcerns(destination: Destination): Promise<Concern[]> {
  if (destination.kind !== 'xva' || destination.compression === 'none') return [];
  if (await isZstdInstalled()) return [];
  const remedy = `${installCommand(['zstd'])}, or make archives that are not compressed.`;
  return [concern('TOOL_MISSING', 'critical', 'archives cannot be compressed without zstd', remedy)];
}

/** A shortage blocks the plan; what earlier runs already wrote is not needed twice. */
async function spaceConcerns(machines: readonly PlannedMachine[], target: string): Promise<Concern[]> {
  let needed = 0;
  let certain = 0;
  for (const { machine, dataBytes, certainBytes, output, concerns } of machines) {
    if (concerns.some(isBlocking) || machine.source.kind === 'rvtools') continue;
    const used = await usedBytes(target, output);
    needed += Math.max(0, dataBytes - used);
    certain += Math.max(0, certainBytes - used);
  }
  const free = await freeBytes(target);
  if (needed <= free) return [];
  const severity = certain > free ? 'critical' : 'warning';
  return [concern('TARGET_NO_SPACE', severity, `the target may need ${needed} bytes and has ${free} free`)];
}
