import { nextOpening } from '../../calendar/index.js';
import type { MigrationWindow } from '../../model/window.js';
import {
  bottleneckInWords,
  bottleneckOf,
  type Decision,
  type Forecast,
  type Hold,
  type Hop,
  type HopKind,
  type Job,
  type Night,
  type RateMeter,
} from '../../scheduling/index.js';

/** What the scheduler says of a batch. Instants are milliseconds since 1970, rates bytes a second. */
export interface Outlook {
  /** Of the batch; null when nothing is left, or when no window has time for it. */
  readonly endsAt: number | null;
  /** What was said of it before anything was measured. */
  readonly estimateEndsAt: number | null;
  /** Machines that do not fit their window. */
  readonly unfit: number;
  /** `source read on esx03`. */
  readonly bottleneck: string | null;
  /** Of the wave that is being moved. */
  readonly window: WindowOutlook | null;
  readonly machinesAtOnce: number;
  /** What all machines together may move; null for no cap. */
  readonly bandwidth: number | null;
  readonly hops: readonly HopOutlook[];
  readonly waves: readonly {
    readonly name: string;
    readonly endsAt: number | null;
    readonly unfit: number;
  }[];
  /** By the job's id in the ledger; of those that are left. */
  readonly jobs: Readonly<Record<string, JobOutlook>>;
}

export interface WindowOutlook {
  readonly name: string;
  readonly opensAt: number;
  readonly closesAt: number;
  readonly open: boolean;
}

export interface HopOutlook {
  readonly kind: HopKind;
  readonly name: string;
  readonly bytesPerSecond: number;
  /** What it could give, as far as that is known. */
  readonly capacity: number;
}

export interface JobOutlook {
  readonly expectedStart: number | null;
  readonly expectedEnd: number | null;
  readonly fits: boolean | null;
  readonly late: boolean;
  /** Why it does not start; null for one that runs. */
  readonly hold: Hold | null;
  /** Since when it has not come on; null for one that does. */
  readonly stuckSince: number | null;
}

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
    jobs: jobsOf(facts),
  };
}

function jobsOf({
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
      expectedStart: finite(expected?.startsAt ?? null),
      expectedEnd: finite(expected?.endsAt ?? null),
      fits: expected?.fits ?? null,
      late: expected?.late ?? false,
      hold: decision.heldBack.get(id) ?? null,
      stuckSince: stuckSince.get(id) ?? null,
    };
  }
  return jobs;
}

/** The window of the first wave in which something is left. */
function currentWindow({ waves }: Night, forecast: Forecast): MigrationWindow | null {
  const left = forecast.waves.find(({ endsAt }) => endsAt !== null);
  return waves.find(({ name }) => name === left?.wave)?.window ?? null;
}

function windowOutlook(
  window: MigrationWindow | null,
  { blackOuts }: Night,
  now: number,
): WindowOutlook | null {
  if (window === null) return null;
  const { begin, end } = nextOpening(window, now, blackOuts);
  return { name: window.name, opensAt: begin, closesAt: end, open: begin <= now };
}

function hopsOf(jobs: readonly Job[]): Hop[] {
  return [
    ...new Map(jobs.flatMap(({ hops }) => hops).map((hop) => [`${hop.kind} ${hop.name}`, hop])).values(),
  ];
}

/** JSON has no infinity. */
function finite(instant: number | null): number | null {
  return instant === null || !Number.isFinite(instant) ? null : Math.round(instant);
}
