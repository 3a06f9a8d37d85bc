import type { Limits, LimitsByName, Plan } from '../model/plan.js';
import { type JobFacts, jobOf } from './job-of.js';
import { type HopKind, hopKey, type Night, type NightLimits } from './night.js';

const KINDS: Readonly<Record<keyof LimitsByName, HopKind>> = {
  hosts: 'host',
  datastores: 'datastore',
  targetHosts: 'targetHost',
  storage: 'repository',
};

/** What of a night a plan says. */
type NightOfPlan = Pick<Night, 'jobs' | 'waves' | 'startsAt' | 'blackOuts' | 'limits' | 'caps' | 'policy'>;

/**
 * A plan as the scheduler sees it: all its machines in the order in which its waves take them, its windows, limits, caps
 * and policy. Whether its order can be kept is for `refuseUnsoundOrder` to say.
 */
export function nightOf({ machines, waves, night, estimate }: Plan, facts: JobFacts): NightOfPlan {
  const byId = new Map(machines.map((planned) => [planned.machine.id, planned]));
  const ordered = waves.flatMap(({ machineIds }) => machineIds.flatMap((id) => byId.get(id) ?? []));
  return {
    jobs: ordered.map((planned) => jobOf(planned, facts)),
    waves: waves.map(({ name, window }) => ({ name, window })),
    startsAt: night.startsAt,
    blackOuts: night.blackOuts,
    limits: limitsOf(estimate.limits),
    caps: night.caps,
    policy: night.policy,
  };
}

function limitsOf(limits: Limits): NightLimits {
  const { machinesAtOnce, threads, machinesPerTargetHost, machinesPerStorage, byName } = limits;
  const kinds = ['hosts', 'datastores', 'targetHosts', 'storage'] as const;
  return {
    machinesAtOnce,
    threads,
    perHop: {
      host: limits.machinesPerHost,
      datastore: limits.machinesPerDatastore,
      ...(machinesPerTargetHost === null ? {} : { targetHost: machinesPerTargetHost }),
      ...(machinesPerStorage === null ? {} : { repository: machinesPerStorage }),
    },
    byName: new Map(
      kinds.flatMap((kind) =>
        Object.entries(byName[kind]).map(([name, limit]) => [hopKey({ kind: KINDS[kind], name }), limit]),
      ),
    ),
  };
}
