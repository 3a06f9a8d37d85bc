import type { TimelineJob } from '../documents.js';
import { stateWord, type Tone } from '../words/states.js';

/** A machine's time on the timeline. */
export interface Bar {
  readonly job: TimelineJob;
  readonly from: number;
  readonly to: number;
  /** Whether it is the forecast's, not what has happened. */
  readonly expected: boolean;
  readonly tone: Tone;
  readonly lane: number;
}

export interface Lanes {
  /** By their beginnings. */
  readonly bars: readonly Bar[];
  readonly lanes: number;
}

/**
 * Machines side by side in as few lanes as there are at a time, each in the first that is free. One that neither began
 * nor is expected to has no bar. `now`: a running one reaches to its expected end, or to now. Takes n·log n and, for
 * each bar, the lanes.
 */
export function packLanes(jobs: readonly TimelineJob[], now: number): Lanes {
  const spans = jobs.flatMap((job) => spanOf(job, now) ?? []).sort((one, other) => one.from - other.from);
  const free: number[] = [];
  const bars = spans.map((bar) => {
    const found = free.findIndex((end) => end <= bar.from);
    const lane = found === -1 ? free.length : found;
    free[lane] = bar.to;
    return { ...bar, lane };
  });
  return { bars, lanes: free.length };
}

/** A bar is at least so long, so that what was over at once is seen. */
const SHORTEST_MS = 1000;

function spanOf(job: TimelineJob, now: number): Omit<Bar, 'lane'> | null {
  const { startedAt, endedAt, expectedStart, expectedEnd, state } = job;
  const { tone } = stateWord(state);
  if (startedAt !== null) {
    const end = endedAt ?? (tone === 'active' ? Math.max(now, expectedEnd ?? now) : now);
    return { job, from: startedAt, to: Math.max(end, startedAt + SHORTEST_MS), expected: false, tone };
  }
  if (expectedStart === null || expectedEnd === null) return null;
  return {
    job,
    from: expectedStart,
    to: Math.max(expectedEnd, expectedStart + SHORTEST_MS),
    expected: true,
    tone,
  };
}

/** The bar at that time in that lane; null when there is none. `slack`: so far beside it still counts, in ms. */
export function barAt({ bars }: Lanes, time: number, lane: number, slack: number): Bar | null {
  return (
    bars.find((bar) => bar.lane === lane && bar.from <= time && time <= bar.to) ??
    bars.find((bar) => bar.lane === lane && bar.from - slack <= time && time <= bar.to + slack) ??
    null
  );
}
