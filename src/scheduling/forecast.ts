import { groupBy } from '../model/group-by.js';
import { simulateWave, type Transfer } from '../transfers/index.js';
import { bandwidthAt } from './bandwidth.js';
import { Gates } from './gates.js';
import { HopNetwork } from './hop-network.js';
import { bytesLeft, hopKey, type Job, limitAt, type Night, progressOf, type Wave } from './night.js';
import { inOrder } from './order.js';
import { Troubles } from './troubles.js';
import { Units } from './units.js';
import { WorkCalendar } from './work-calendar.js';

/** When a job that is left will be moved, in milliseconds since 1970; infinite when its window has not time for it. */
export interface JobForecast {
  readonly startsAt: number;
  readonly endsAt: number;
  /** Whether it ends before its window closes: the one that is open, or the next. */
  readonly fits: boolean;
  /** Whether it ends after its deadline. */
  readonly late: boolean;
}

export interface WaveForecast {
  readonly wave: string;
  /** Null when nothing of it is left. */
  readonly endsAt: number | null;
  /** Jobs that do not fit the window. */
  readonly unfit: number;
}

export interface Forecast {
  /** By id; of jobs that nothing but time keeps from being done. */
  readonly jobs: ReadonlyMap<string, JobForecast>;
  readonly waves: readonly WaveForecast[];
  /** Of the batch, in milliseconds since 1970; null when nothing is left. */
  readonly endsAt: number | null;
}

/**
 * Plays the rest of a batch through from `now` (milliseconds since 1970) with the rates known now. Jobs share hops
 * max-min fairly and start in the order in which `decide` would take them; a wave goes on in the next opening of its
 * window where one is not enough. It knows of
 * no failures to come, of no other cap on the bandwidth than that of `now`, and not what comes after what in a wave. Costs as much as an estimate
 * of the plan. Throws CONFIG_INVALID for a time zone that does not exist.
 */
export function forecast(night: Night, now: number): Forecast {
  const troubles = new Troubles(night);
  const gates = new Gates(night, troubles);
  const left = night.jobs.filter((job) => !gates.hasEnded(job) && !progressOf(night, job).onHold);
  const rules = { now, gates, units: new Units(night, gates), smallestFirst: new Set<string>() };
  const byWave = groupBy(inOrder(left, night, rules), ({ job }) => job.wave);
  const jobs = new Map<string, JobForecast>();
  const waves: WaveForecast[] = [];
  let clock = now;
  for (const wave of night.waves) {
    const members = (byWave.get(wave.name) ?? []).map(({ job }) => job);
    let unfit = 0;
    let endsAt: number | null = null;
    for (const [id, job] of play(members, wave, night, { now, begins: clock })) {
      jobs.set(id, job);
      if (!job.fits) unfit += 1;
      endsAt = Math.max(endsAt ?? 0, job.endsAt);
    }
    waves.push({ wave: wave.name, endsAt, unfit });
    clock = endsAt ?? clock;
  }
  return { jobs, waves, endsAt: jobs.size === 0 ? null : clock };
}

function play(
  members: readonly Job[],
  { window }: Wave,
  night: Night,
  { now, begins }: { readonly now: number; readonly begins: number },
): Map<string, JobForecast> {
  const { bytesPerSecond } = bandwidthAt(night, now);
  const transfers = transfersOf(members, night, bytesPerSecond);
  const { machinesAtOnce, threads } = night.limits;
  const { spans } = simulateWave(transfers.list, {
    resources: transfers.resources,
    machinesAtOnce: Math.min(machinesAtOnce, threads),
    secondsPerMachine: night.rates.secondsPerMachine,
  });
  const calendar = new WorkCalendar(window, night.blackOuts, begins);
  const finishes = night.policy.atWindowEnd === 'finish';
  return new Map(
    transfers.jobs.map((job, index) => {
      const { start, end } = spans[index] ?? { start: 0, end: 0 };
      const startsAt = calendar.instantOf(start);
      const endsAt = finishes ? startsAt + (end - start) * 1000 : calendar.instantOf(end);
      const late = job.deadline !== null && endsAt > job.deadline;
      return [job.id, { startsAt, endsAt, fits: calendar.fits(end), late }];
    }),
  );
}

/** What is left to move; those that move already come first. */
function transfersOf(members: readonly Job[], night: Night, cap: number | null) {
  const network = new HopNetwork(night.rates, cap);
  const needs = new Map<Transfer['flow'], readonly number[]>();
  const underWay = groupBy(members, (job) => stageOf(job, night));
  const jobs = STAGES.flatMap((stage) => underWay.get(stage) ?? []);
  const list = jobs.map((job): Transfer => {
    const flow = network.flowOf(job);
    const resources = needs.get(flow) ?? flow.uses.map(({ resource }) => resource);
    needs.set(flow, resources);
    return {
      machineId: job.id,
      // Nothing is known of what goes through no hop.
      bytes: job.hops.length === 0 ? 0 : bytesLeft(job, progressOf(night, job)),
      flow,
      needs: resources,
      slots: job.hops.flatMap((hop) => {
        const limit = limitAt(night.limits, hop);
        return limit === null ? [] : [{ name: hopKey(hop), limit }];
      }),
      underWay: stageOf(job, night) === 'moves',
    };
  });
  return { jobs, list, resources: network.resources };
}

const STAGES = ['moves', 'begins', 'waits'] as const;

function stageOf(job: Job, night: Night): (typeof STAGES)[number] {
  const { state, movedBytes } = progressOf(night, job);
  if (state !== 'running') return 'waits';
  return movedBytes > 0 ? 'moves' : 'begins';
}
