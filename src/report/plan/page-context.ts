import type { Plan, PlannedWave } from '../../model/plan.js';
import { type ConcernGroup, concernGroups } from './concern-groups.js';
import { type MachineSummary, type PlanSummary, planSummary } from './summary.js';

/** Above this many machines the page shows the whole and folds away the single ones. */
const MANY_MACHINES = 200;

/** What the parts of the page show, reckoned once. */
export interface PlanPage {
  readonly plan: Plan;
  readonly summary: PlanSummary;
  readonly groups: readonly ConcernGroup[];
  readonly waves: readonly PageWave[];
  /** Of the first window, so that all times of the page go by one clock; undefined without one: that of this computer. */
  readonly timeZone: string | undefined;
  readonly many: boolean;
}

export interface PageWave {
  readonly wave: PlannedWave;
  /** In the order in which they are taken. */
  readonly machines: readonly PageMachine[];
}

export interface PageMachine extends MachineSummary {
  /** In `plan.machines`; names its details. */
  readonly index: number;
}

export function planPage(plan: Plan): PlanPage {
  const summary = planSummary(plan);
  const machines = new Map(
    summary.machines.map((machine, index) => [machine.planned.machine.id, { ...machine, index }]),
  );
  const waves = plan.waves.map((wave) => ({
    wave,
    machines: wave.machineIds.flatMap((id) => machines.get(id) ?? []),
  }));
  return {
    plan,
    summary,
    groups: concernGroups(plan),
    waves,
    timeZone: plan.waves.map(({ window }) => window?.timeZone).find(isKnownZone),
    many: plan.machines.length > MANY_MACHINES,
  };
}

/** A zone that this computer does not know is no reason to have no page. */
function isKnownZone(timeZone: string | undefined): boolean {
  if (timeZone === undefined) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}
