import type { Severity } from '../../model/inventory.js';
import {
  type Concern,
  isBlocking,
  type MachineEstimate,
  type Plan,
  type PlannedMachine,
  type WaveEstimate,
} from '../../model/plan.js';

/**
 * `blocked`: a critical concern that nobody waived stands against it. `review`: a warning that nobody waived wants to
 * be read first. `ready`: neither; what is merely information, or waived, does not count.
 */
export type Verdict = 'ready' | 'review' | 'blocked';

export interface MachineSummary {
  readonly planned: PlannedMachine;
  readonly verdict: Verdict;
  /** Concerns that nobody waived. */
  readonly concerns: Readonly<Record<Severity, number>>;
  readonly waived: number;
  /** Of all its disks. */
  readonly capacityBytes: number;
  /** Null where the estimate leaves the machine out. */
  readonly estimate: MachineEstimate | null;
  /** ISO 8601 in UTC; null where the plan gives no start, and where the wave takes several windows. */
  readonly startsAt: string | null;
}

/** The plan in figures, the same for terminal, page and table. */
export interface PlanSummary {
  /** In the order of the plan. */
  readonly machines: readonly MachineSummary[];
  /** How many machines have which verdict. */
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** Descriptors that could not be read. */
  readonly unreadable: number;
  /** Whether something stands against the plan as a whole, whatever its machines' verdicts. */
  readonly blocked: boolean;
  /** Of all machines, blocked ones included. */
  readonly totals: {
    readonly cpus: number;
    readonly memoryBytes: number;
    readonly disks: number;
    readonly capacityBytes: number;
    readonly dataBytes: number;
  };
}

/** Counts, totals and a verdict per machine. Reads nothing but the plan; linear in its size. */
export function planSummary(plan: Plan): PlanSummary {
  const estimates = new Map(plan.estimate.machines.map((estimate) => [estimate.machineId, estimate]));
  const waves = new Map(plan.estimate.waves.map((wave) => [wave.wave, wave]));
  const machines = plan.machines.map((planned) =>
    machineSummary(planned, estimates.get(planned.machine.id) ?? null, waves.get(planned.wave)),
  );
  const number = (verdict: Verdict) => machines.filter((machine) => machine.verdict === verdict).length;
  const sum = (of: (machine: MachineSummary) => number) =>
    machines.reduce((total, machine) => total + of(machine), 0);
  return {
    machines,
    verdicts: { ready: number('ready'), review: number('review'), blocked: number('blocked') },
    unreadable: plan.unreadable.length,
    blocked: plan.concerns.some(isBlocking),
    totals: {
      cpus: sum(({ planned }) => planned.machine.cpus),
      memoryBytes: sum(({ planned }) => planned.machine.memoryBytes),
      disks: sum(({ planned }) => planned.machine.disks.length),
      capacityBytes: sum(({ capacityBytes }) => capacityBytes),
      dataBytes: sum(({ planned }) => planned.dataBytes),
    },
  };
}

function machineSummary(
  planned: PlannedMachine,
  estimate: MachineEstimate | null,
  wave: WaveEstimate | undefined,
): MachineSummary {
  const open = planned.concerns.filter(({ waived }) => waived === null);
  const number = (severity: Severity) => open.filter((concern) => concern.severity === severity).length;
  return {
    planned,
    verdict: verdictOf(planned.concerns),
    concerns: {
      critical: number('critical'),
      warning: number('warning'),
      information: number('information'),
    },
    waived: planned.concerns.length - open.length,
    capacityBytes: planned.machine.disks.reduce((sum, disk) => sum + disk.capacityBytes, 0),
    estimate,
    startsAt: estimate === null || wave === undefined ? null : startOf(estimate, wave),
  };
}

function verdictOf(concerns: readonly Concern[]): Verdict {
  if (concerns.some(isBlocking)) return 'blocked';
  return concerns.some(({ severity, waived }) => severity === 'warning' && waived === null)
    ? 'review'
    : 'ready';
}

/** Within one window, work and clock run alike. */
function startOf({ startSeconds }: MachineEstimate, { startsAt, windows }: WaveEstimate): string | null {
  if (startsAt === null || windows > 1) return null;
  return new Date(Date.parse(startsAt) + startSeconds * 1000).toISOString();
}
