import type { MigrationWindow } from './window.js';

/** What may go over the wire while a window is open. */
export interface BandwidthCap {
  readonly window: MigrationWindow;
  /** 0: nothing moves. */
  readonly bytesPerSecond: number;
}

export const AT_WINDOW_END = ['finish', 'pause', 'cancel'] as const;
export const WOULD_NOT_FINISH = ['hold-back', 'smallest-first', 'start-anyway'] as const;

/** What the operator wants to be done when things do not go as planned. */
export interface Policy {
  /** What becomes of running machines when their window closes. */
  readonly atWindowEnd: (typeof AT_WINDOW_END)[number];
  /** What becomes of a machine that would not end before its window does. */
  readonly wouldNotFinish: (typeof WOULD_NOT_FINISH)[number];
  /** A machine that could start and has waited so long counts as one priority higher, each time again. */
  readonly ageStepSeconds: number;
  readonly retries: {
    /** Failures of its own after which a machine is given up. */
    readonly attempts: number;
    /** Doubled with each further failure. */
    readonly firstPauseSeconds: number;
    readonly longestPauseSeconds: number;
  };
  /** When machines fail alike at one host, datastore or repository, what still waits there is paused. */
  readonly groups: {
    /** Different ones, in a row. */
    readonly machines: number;
    /** One failure from the next, to be of a row. */
    readonly withinSeconds: number;
    /** Doubled with each further failure. */
    readonly firstPauseSeconds: number;
    readonly longestPauseSeconds: number;
  };
  readonly stuck: {
    /** So long after it was told that a machine's step does not come on, it is stopped and has failed; null: never. */
    readonly giveUpSeconds: number | null;
  };
}

export const DEFAULT_POLICY: Policy = {
  atWindowEnd: 'pause',
  wouldNotFinish: 'hold-back',
  ageStepSeconds: 4 * 3600,
  retries: { attempts: 8, firstPauseSeconds: 60, longestPauseSeconds: 1800 },
  groups: { machines: 3, withinSeconds: 900, firstPauseSeconds: 300, longestPauseSeconds: 1800 },
  stuck: { giveUpSeconds: 3600 },
};

/** What a plan says of the nights in which it is run, beside its waves' windows and its limits. */
export interface PlannedNight {
  /** Nothing begins before, in milliseconds since 1970; null: at once. */
  readonly startsAt: number | null;
  /** `YYYY-MM-DD`, by the clocks of each window: the waves' windows are closed on them. */
  readonly blackOuts: readonly string[];
  readonly caps: readonly BandwidthCap[];
  readonly policy: Policy;
}

/** For a plan that says nothing of its nights. */
export const ANY_NIGHT: PlannedNight = { startsAt: null, blackOuts: [], caps: [], policy: DEFAULT_POLICY };
