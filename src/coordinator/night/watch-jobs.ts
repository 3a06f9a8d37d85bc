import { hostname } from 'node:os';
import type { Plan, PlannedMachine } from '../../model/plan.js';
import { guessesOf, nightOf, type Policy, RateMeter, refuseUnsoundOrder } from '../../scheduling/index.js';
import type { Delivery } from '../delivery.js';
import type { BatchContext } from '../job.js';
import type { NoticeWish } from './night-notices.js';
import { type NightOptions, watchNight } from './night-watch.js';

/** How a batch is to be run. */
interface BatchWish {
  readonly plan: Plan;
  readonly threads: number;
  /** Machines at a time. */
  readonly parallel: number;
  readonly unattended: boolean;
  readonly continues: boolean;
  readonly notices?: NoticeWish | undefined;
}

/** Runs the jobs when the scheduler says so. Rejects as `watchNight` does. */
export async function watchJobs(
  { plan, threads, parallel, unattended, continues, notices }: BatchWish,
  work: Pick<NightOptions, 'batchId' | 'jobs' | 'runner' | 'isFinished' | 'discard'> & {
    readonly context: BatchContext;
    readonly waysIn: Delivery['waysIn'];
  },
): Promise<void> {
  const { jobs: scheduled, ...parts } = soundNight(plan, work.waysIn);
  const { rates } = plan.estimate;
  await watchNight({
    ...work,
    scheduled,
    parts: {
      ...parts,
      policy: unattended ? parts.policy : attended(parts.policy),
      // A machine's data is not all that it takes: more of them than threads are worth while.
      limits: { ...parts.limits, machinesAtOnce: parallel, threads: Math.max(threads, parallel) },
    },
    meter: new RateMeter(guessesOf(rates, threads, scheduled), rates.secondsPerMachine),
    continues,
    notices,
  });
}

/** The plan as the scheduler sees it. Throws CONFIG_INVALID for an order that cannot be kept. */
export function soundNight(plan: Plan, waysIn: Delivery['waysIn'] = () => []): ReturnType<typeof nightOf> {
  const facts = {
    link: 'the network',
    converter: hostname(),
    folder: plan.target,
    enlistedAt: Date.now(),
    waysInOf: (planned: PlannedMachine) =>
      waysIn(planned).map((way) => way.map((part) => ({ ...part, kind: 'targetHost' as const }))),
  };
  const night = nightOf(plan, facts);
  refuseUnsoundOrder(night.jobs, night.waves);
  return night;
}

/** Failures are for the operator who is there. */
function attended(policy: Policy): Policy {
  const { retries, groups } = policy;
  return {
    ...policy,
    retries: { ...retries, attempts: 1 },
    groups: { ...groups, machines: Number.MAX_SAFE_INTEGER },
    stuck: { giveUpSeconds: null },
  };
}
