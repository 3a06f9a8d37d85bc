import { nextOpening } from '../../calendar/index.js';
import type { JobOutlook, Outlook } from '../../model/outlook.js';
import type { MigrationWindow } from '../../model/window.js';
import {
  bottleneckInWords,
  bottleneckOf,
  type Decision,
  type Forecast,
  type Hop,
  type Job,
  type Night,
  type RateMeter,
} from '../../scheduling/index.js';

/** What an outlook is made of. */
export interface OutlookFacts {
  readonly night: Night;
  readonly now: number;
  readonly decision: Decision;
  readonly forecast: Forecast;
  readonly meter: RateMeter;
  readonly running: readonly Job[];
  readonly machinesAtOnce: number;
  readonly estimateEndsAt: number | null;
  /** By machine. */
  readonly stuckSince: ReadonlyMap<string, number>;
  /** Of a machine, in the ledger. */
  readonly ledgerId: (machineId: string) => number;
}

export function outlookOf(facts: OutlookFacts): Outlook {
  const { night, decision, forecast, meter, running, now } = facts;
  const cap = decision.bandwidth.bytesPerSecond;
  const bottleneck = bottleneckOf(running, meter, cap);
  return {
    endsAt: finite(forecast.endsAt),
    estimateEndsAt: facts.estimateEndsAt,
    unfit: forecast.waves.reduce((sum, { unfit }) => sum + unfit, 0),
    bottleneck: bottleneck === null ? null : bottleneckInWords(bottleneck),
    window: windowOutlook(currentWindow(night, forecast), night, now),
    machinesAtOnce: facts.machinesAtOnce,
    bandwidth: cap,
    hops: hopsOf(running).flatMap(({ kind, name }) => {
      const rate = meter.rateOf({ kind, name });
      if (rate === null) return [];
      return [
        { kind, name, bytesPerSecond: Math.round(rate.throughput), capacity: Math.round(rate.capacity) },
      ];
    }),
    waves: forecast.waves.map(({ wave, endsAt, unfit }) => ({ name: wave, endsAt: finite(endsAt), unfit })),
    blackOuts: night.blackOuts,
    onHold: restsAsWhole(night),
    jobs: jobsOf(facts),
  };
}

function jobsOf({
  night,
  forecast,
  decision,
  running,
  stuckSince,
  ledgerId,
}: OutlookFacts): Record<string, JobOutlook> {
  const ids = new Set([...forecast.jobs.keys(), ...decision.heldBack.keys(), ...running.map(({ id }) => id)]);
  const jobs: Record<string, JobOutlook> = {};
  for (const id of ids) {
    const expected = forecast.jobs.get(id);
    jobs[ledgerId(id)] = {
      startsAt: finite(expected?.startsAt ?? null),
      endsAt: finite(expected?.endsAt ?? null),
      fits: expected?.fits ?? null,
      late: expected?.late ?? false,
      hold: decision.heldBack.get(id) ?? null,
      stuckSince: stuckSince.get(id) ?? null,
      onHold: night.progress.get(id)?.onHold ?? false,
    };
  }
  return jobs;
}

/** The window of the first wave in which something is left. */
function currentWindow({ waves }: Night, forecast: Forecast): MigrationWindow | null {
  const left = forecast.waves.find(({ endsAt }) => endsAt !== null);
  return waves.find(({ name }) => name === left?.wave)?.window ?? null;
}

function windowOutlook(window: MigrationWindow | null, { blackOuts }: Night, now: number): Outlook['window'] {
  if (window === null) return null;
  const { begin, end } = nextOpening(window, now, blackOuts);
  return { name: window.name, opensAt: begin, closesAt: end, open: begin <= now };
}

function hopsOf(jobs: readonly Job[]): Hop[] {
  return [
    ...new Map(jobs.flatMap(({ hops }) => hops).map((hop) => [`${hop.kind} ${hop.name}`, hop])).values(),
  ];
}

/** Whether the operator has everything rest that is left. */
function restsAsWhole({ jobs, progress }: Night): boolean {
  const left = jobs.flatMap(({ id }) => {
    const job = progress.get(id);
    return job?.state === 'done' || job?.state === 'cancelled' ? [] : [job?.onHold ?? false];
  });
  return left.length > 0 && left.every((onHold) => onHold);
}

/** JSON has no infinity. */
function finite(instant: number | null): number | null {
  return instant === null || !Number.isFinite(instant) ? null : Math.round(instant);
}
