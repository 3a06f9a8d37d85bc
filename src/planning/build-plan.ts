import { surveyDisk } from '../conversion/index.js';
import { matchProfile, type Profile } from '../guests/profiles/index.js';
import { freeBytes } from '../io/free-space.js';
import { toXenferryError, XenferryError } from '../model/errors.js';
import type { Inventory } from '../model/inventory.js';
import { type Concern, isCritical, type Plan, type PlannedMachine } from '../model/plan.js';
import type { VirtualMachine } from '../model/virtual-machine.js';
import { concern, concernOfProblem, machineConcerns } from './machine-concerns.js';
import { outputNames } from './output-names.js';
import { usedBytes } from './target-space.js';

export interface PlanOptions {
  /** Absolute paths the inventory was read from. */
  readonly sources: readonly string[];
  /** Absolute path of the target folder; need not exist yet. */
  readonly target: string;
  readonly profiles: readonly Profile[];
}

/** Says what will be done to each machine and what stands against it. Reads metadata of every disk, no data. */
export async function buildPlan(inventory: Inventory, options: PlanOptions): Promise<Plan> {
  const outputs = outputNames(
    inventory.machines.map(({ name }) => name),
    '.xva',
  );
  const machines: PlannedMachine[] = [];
  for (const [index, machine] of inventory.machines.entries()) {
    const found = inventory.problems
      .filter(({ machineId }) => machineId === machine.id)
      .map(concernOfProblem);
    machines.push(await planMachine(machine, outputs[index] ?? '', found, options.profiles));
  }
  const unreadable = inventory.problems.filter(
    (problem) => problem.machineId === null && isCritical(problem),
  );
  const notes = inventory.problems.filter((problem) => problem.machineId === null && !isCritical(problem));
  return {
    sources: options.sources,
    target: options.target,
    machines,
    unreadable,
    concerns: [
      ...notes.map(concernOfProblem),
      ...duplicateMacs(inventory.machines),
      ...(machines.length + unreadable.length === 0
        ? [concern('PLAN_NO_MACHINES', 'critical', 'no machine was found in the source')]
        : []),
      ...(await spaceConcerns(machines, options.target)),
    ],
  };
}

async function planMachine(
  machine: VirtualMachine,
  output: string,
  found: readonly Concern[],
  profiles: readonly Profile[],
): Promise<PlannedMachine> {
  const profile = matchProfile(profiles, machine.guestOs);
  if (profile === undefined) {
    throw new XenferryError('PROFILE_INVALID', `no profile matches the guest "${machine.guestOs}"`, {
      hint: 'Keep the generic profile, whose pattern is "*".',
    });
  }
  const concerns = [...found, ...machineConcerns(machine)];
  let dataBytes = 0;
  let certainBytes = 0;
  for (const disk of machine.disks) {
    try {
      const survey = await surveyDisk(disk);
      dataBytes += survey?.dataBytes ?? 0;
      certainBytes += survey?.exact === true ? survey.dataBytes : 0;
      for (const note of survey?.notes ?? []) concerns.push(concern('VMDK_TABLES_DAMAGED', 'warning', note));
    } catch (error) {
      const { code, message, hint } = toXenferryError(error);
      if (!concerns.some(({ id }) => id === code))
        concerns.push(concern(code, 'critical', `${disk.file}: ${message}`, hint));
    }
  }
  return {
    machine,
    profile: { id: profile.id, title: profile.title, limits: profile.limits },
    output,
    dataBytes,
    certainBytes,
    concerns,
  };
}

function duplicateMacs(machines: readonly VirtualMachine[]): Concern[] {
  const owners = new Map<string, VirtualMachine>();
  return machines.flatMap((machine) =>
    machine.nics.flatMap(({ mac }): Concern[] => {
      if (mac === null) return [];
      const owner = owners.get(mac);
      owners.set(mac, owner ?? machine);
      if (owner === undefined || owner === machine) return [];
      return [
        concern(
          'PLAN_DUPLICATE_MAC',
          'warning',
          `${owner.name} and ${machine.name} both have the MAC ${mac}`,
        ),
      ];
    }),
  );
}

/** A shortage blocks the plan; what earlier runs already wrote is not needed twice. */
async function spaceConcerns(machines: readonly PlannedMachine[], target: string): Promise<Concern[]> {
  let needed = 0;
  let certain = 0;
  for (const { dataBytes, certainBytes, output, concerns } of machines) {
    if (concerns.some(isCritical)) continue;
    const used = await usedBytes(target, output);
    needed += Math.max(0, dataBytes - used);
    certain += Math.max(0, certainBytes - used);
  }
  const free = await freeBytes(target);
  if (needed <= free) return [];
  const severity = certain > free ? 'critical' : 'warning';
  return [concern('TARGET_NO_SPACE', severity, `the target may need ${needed} bytes and has ${free} free`)];
}
