import { bandwidthAt, bandwidthChanges, nextOpening, WorkCalendar } from '../calendar/index.js';
import { groupBy } from '../model/group-by.js';
import { type CapacityChange, simulateWave, type Transfer } from '../transfers/index.js';
import { followersOf } from './followers.js';
import { Gates } from './gates.js';
import { HopNetwork } from './hop-network.js';
import { bytesLeft, hopKey, type Job, limitAt, type Night, progressOf, type Wave } from './night.js';
import { inOrder } from './order.js';
import { retryAt } from './retries.js';
import { Troubles } from './troubles.js';
import { Units } from './units.js';
import { spreadIn } from './ways-in.js';

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

/** Bytes a second, where no cap holds: more than anything gives. */
const NO_CAP = 1e18;

/**
 * Plays the rest of a batch through from `now` (milliseconds since 1970) with the rates known now. Jobs share hops
 * max-min fairly and start in the order in which `decide` would take them, after those that they come after, and when they
 * are tried again; a wave goes on in the next opening of its window where one is not enough; bandwidth caps begin and end
 * as they will. It knows of no failures to come. Costs as much as an estimate of the plan. Throws CONFIG_INVALID for a time
 * zone that does not exist.
 */
export function forecast(open: Night, now: number): Forecast {
  const night = { ...open, jobs: spreadIn(open.jobs, open.limits) };
  const troubles = new Troubles(night);
  const gates = new Gates(night, troubles);
  const rules = { now, gates, units: new Units(night, gates), smallestFirst: new Set<string>() };
  const left = groupBy(jobsToMove(night, gates), (job) =>
    progressOf(night, job).awaitsCutover === true ? 'cutover' : 'move',
  );
  const byWave = groupBy(inOrder(left.get('move') ?? [], night, rules), ({ job }) => job.wave);
  const jobs = new Map<string, JobForecast>();
  for (const job of left.get('cutover') ?? []) jobs.set(job.id, cutoverOf(job, night, now));
  const waves: WaveForecast[] = [];
  let clock = Math.max(now, night.startsAt ?? now);
  for (const wave of night.waves) {
    const members = (byWave.get(wave.name) ?? []).map(({ job }) => job);
    let unfit = 0;
    let endsAt: number | null = null;
    for (const [id, job] of play(members, wave, night, { now, begins: clock, troubles })) {
      jobs.set(id, job);
      if (!job.fits) unfit += 1;
      endsAt = Math.max(endsAt ?? 0, job.endsAt);
    }
    waves.push({ wave: wave.name, endsAt, unfit });
    clock = endsAt ?? clock;
  }
  for (const [id, moved] of withCutovers(jobs, night)) jobs.set(id, moved);
  const end = [...jobs.values()].reduce((latest, { endsAt }) => Math.max(latest, endsAt), 0);
  return { jobs, waves, endsAt: jobs.size === 0 ? null : end };
}

/** All but its last changes are moved: it takes a machine's own time in its window. */
function cutoverOf(job: Job, { rates, blackOuts, progress }: Night, now: number): JobForecast {
  const runs = progressOf({ progress }, job).state === 'running';
  const opening = job.cutover == null ? null : nextOpening(job.cutover, now, blackOuts);
  const startsAt = runs ? now : Math.max(now, opening?.begin ?? now);
  const endsAt = startsAt + rates.secondsPerMachine * 1000;
  const late = job.deadline !== null && endsAt > job.deadline;
  return { startsAt, endsAt, fits: opening === null || endsAt <= opening.end, late };
}

/** What is still to be moved and may be shut down in a window only ends there, whenever its wave does. */
function* withCutovers(
  jobs: ReadonlyMap<string, JobForecast>,
  night: Night,
): Generator<[string, JobForecast]> {
  for (const job of night.jobs) {
    const moved = jobs.get(job.id);
    const isOver = job.cutover == null || progressOf(night, job).awaitsCutover === true;
    if (moved === undefined || isOver || moved.endsAt === Number.POSITIVE_INFINITY) continue;
    const { endsAt, late } = cutoverOf(job, { ...night, progress: new Map() }, moved.endsAt);
    yield [job.id, { ...moved, endsAt, late }];
  }
}

/** Those that are left, but for what rests by the operator's wish and all that comes after it. */
function jobsToMove(night: Night, gates: Gates): Job[] {
  const followers = followersOf(night.jobs);
  const resting = night.jobs.filter((job) => progressOf(night, job).onHold && !gates.hasEnded(job));
  const out = new Set(resting.map(({ id }) => id));
  for (let job = resting.pop(); job !== undefined; job = resting.pop()) {
    for (const follower of followers.get(job.id) ?? []) {
      if (out.has(follower.id)) continue;
      out.add(follower.id);
      resting.push(follower);
    }
  }
  return night.jobs.filter((job) => !gates.hasEnded(job) && !out.has(job.id));
}

/** When a wave is played. */
interface Scene {
  readonly now: number;
  /** When the waves before it are over; infinite when they never are. */
  readonly begins: number;
  readonly troubles: Troubles;
}

function play(
  members: readonly Job[],
  { window }: Wave,
  night: Night,
  { now, begins, troubles }: Scene,
): Map<string, JobForecast> {
  const calendar = new WorkCalendar(window, night.blackOuts, begins);
  const caps = begins === Number.POSITIVE_INFINITY ? [] : night.caps;
  const transfers = transfersOf(members, { ...night, caps }, begins, (job) => {
    const ready = readyAt(job, night, troubles);
    return ready <= now ? 0 : calendar.workAt(ready);
  });
  const { machinesAtOnce, threads } = night.limits;
  const { spans } = simulateWave(transfers.list, {
    resources: transfers.resources,
    machinesAtOnce: Math.min(machinesAtOnce, threads),
    secondsPerMachine: night.rates.secondsPerMachine,
    changes: capChanges({ caps }, calendar, begins),
  });
  const finishes = night.policy.atWindowEnd === 'finish';
  return new Map(
    transfers.jobs.map((job, index) => {
      const { start, end } = spans[index] ?? { start: 0, end: 0 };
      const startsAt = calendar.instantOf(start);
      const endsAt =
        finishes && end < Number.POSITIVE_INFINITY
          ? startsAt + (end - start) * 1000
          : calendar.instantOf(end);
      const late = job.deadline !== null && endsAt > job.deadline;
      return [job.id, { startsAt, endsAt, fits: calendar.fits(end), late }];
    }),
  );
}

/** Before which a job does not start for failures so far, its own or of others, in milliseconds since 1970. */
function readyAt(job: Job, night: Night, troubles: Troubles): number {
  const { state } = progressOf(night, job);
  if (state === 'running') return 0;
  const again = state === 'failed' ? (retryAt(troubles.of(job.id), night.policy) ?? 0) : 0;
  return Math.max(again, troubles.pausedUntil(job));
}

/** When the cap on all machines, the first resource, changes. */
function* capChanges(
  night: Pick<Night, 'caps'>,
  calendar: WorkCalendar,
  begins: number,
): Generator<CapacityChange> {
  for (const { at, bytesPerSecond } of bandwidthChanges(night, calendar, begins)) {
    yield { at, resource: 0, capacity: bytesPerSecond ?? NO_CAP };
  }
}

/** What is left to move; those that move already come first. */
function transfersOf(
  members: readonly Job[],
  night: Night,
  begins: number,
  readySeconds: (job: Job) => number,
) {
  const cap = night.caps.length === 0 ? null : (bandwidthAt(night, begins).bytesPerSecond ?? NO_CAP);
  const network = new HopNetwork(night.rates, cap);
  const needs = new Map<Transfer['flow'], readonly number[]>();
  const underWay = groupBy(members, (job) => stageOf(job, night));
  const jobs = STAGES.flatMap((stage) => underWay.get(stage) ?? []);
  const positions = new Map(jobs.map(({ id }, position) => [id, position]));
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
      readyAt: readySeconds(job),
      after: job.after.flatMap((id) => positions.get(id) ?? []),
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
