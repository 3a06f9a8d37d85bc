import { surveyDisk } from '../conversion/index.js';
import { matchProfile, type Profile } from '../guests/profiles/index.js';
import { freeBytes } from '../io/free-space.js';
import { toXenferryError, XenferryError } from '../model/errors.js';
import type { Inventory } from '../model/inventory.js';
import {
  type Concern,
  isBlocking,
  isCritical,
  type Plan,
  type PlannedDisk,
  type PlannedMachine,
} from '../model/plan.js';
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
    waves: [{ name: 'all', machineIds: machines.map(({ machine }) => machine.id), window: null }],
    estimate: {
      rates: { sourceMiBps: 1, networkMiBps: 1, threadMiBps: 1, targetMiBps: 1, secondsPerMachine: 0 },
      limits: { machinesAtOnce: 1, machinesPerHost: 1, machinesPerDatastore: 1, threads: 1 },
      bytes: 0,
      seconds: 0,
      bottleneck: 'source',
      waves: [],
      machines: [],
      storage: [],
      stagingBytes: 0,
    },
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
  const profile = matchProfile(profiles, { ...machine, reportedOs: machine.guest.reportedOs })?.profile;
  if (profile === undefined) {
    throw new XenferryError('PROFILE_INVALID', `no profile matches the guest "${machine.guestOs}"`, {
      hint: 'Keep the generic profile, whose pattern is "*".',
    });
  }
  const concerns = [...found, ...machineConcerns(machine)];
  const disks: PlannedDisk[] = [];
  for (const disk of machine.disks) {
    try {
      const survey = await surveyDisk(disk);
      const dataBytes = survey?.dataBytes ?? disk.usedBytes ?? 0;
      const certainBytes = survey?.exact === true ? survey.dataBytes : 0;
      disks.push({ dataBytes, certainBytes, storage: null });
      for (const note of survey?.notes ?? []) concerns.push(concern('VMDK_TABLES_DAMAGED', 'warning', note));
    } catch (error) {
      disks.push({ dataBytes: disk.usedBytes ?? 0, certainBytes: 0, storage: null });
      const { code, message, hint } = toXenferryError(error);
      if (!concerns.some(({ id }) => id === code))
        concerns.push(concern(code, 'critical', `${disk.file}: ${message}`, hint));
    }
  }
  return {
    machine,
    profile: { id: profile.id, title: profile.title, limits: profile.limits },
    output,
    name: machine.name,
    disks,
    nics: machine.nics.map(({ network, mac }) => ({ network, mapped: false, mac })),
    coresPerSocket: machine.coresPerSocket,
    wave: 'all',
    startOrder: machine.startOrder,
    startDelaySeconds: machine.startDelaySeconds,
    dataBytes: disks.reduce((sum, disk) => sum + disk.dataBytes, 0),
    certainBytes: disks.reduce((sum, disk) => sum + disk.certainBytes, 0),
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
    if (concerns.some(isBlocking)) continue;
    const used = await usedBytes(target, output);
    needed += Math.max(0, dataBytes - used);
    certain += Math.max(0, certainBytes - used);
  }
  const free = await freeBytes(target);
  if (needed <= free) return [];
  const severity = certain > free ? 'critical' : 'warning';
  return [concern('TARGET_NO_SPACE', severity, `the target may need ${needed} bytes and has ${free} free`)];
}
