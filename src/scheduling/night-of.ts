import type { Plan } from '../model/plan.js';
import { type JobFacts, jobOf } from './job-of.js';
import { DEFAULT_POLICY, type Night } from './night.js';

/** What of a night a plan says. */
type NightOfPlan = Pick<Night, 'jobs' | 'waves' | 'blackOuts' | 'limits' | 'caps' | 'policy'>;

export function nightOf({ machines, waves, estimate }: Plan, facts: JobFacts): NightOfPlan {
  const { machinesAtOnce, threads, machinesPerHost, machinesPerDatastore } = estimate.limits;
  const byId = new Map(machines.map((planned) => [planned.machine.id, planned]));
  const ordered = waves.flatMap(({ machineIds }) => machineIds.flatMap((id) => byId.get(id) ?? []));
  return {
    jobs: ordered.map((planned) => jobOf(planned, facts)),
    waves: waves.map(({ name, window }) => ({ name, window })),
    blackOuts: [],
    limits: { machinesAtOnce, threads, perHop: { host: machinesPerHost, datastore: machinesPerDatastore } },
    caps: [],
    policy: DEFAULT_POLICY,
  };
}
