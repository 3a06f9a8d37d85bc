import type { ErrorCode } from '../model/errors.js';
import type { MigrationWindow } from '../model/window.js';

/** What machines' data goes through and shares, in the order in which it does. */
export const HOP_KINDS = ['host', 'datastore', 'link', 'threads', 'targetHost', 'repository'] as const;
export type HopKind = (typeof HOP_KINDS)[number];

export interface Hop {
  readonly kind: HopKind;
  /** As the operator calls it. */
  readonly name: string;
}

export interface HopUse extends Hop {
  /** The part of the machine's data that goes through here; above 0, at most 1. */
  readonly share: number;
}

/** A machine to be moved. Instants are milliseconds since 1970. */
export interface Job {
  /** Of the machine. */
  readonly id: string;
  /** As the operator calls it. */
  readonly name: string;
  /** Guest data to move. */
  readonly bytes: number;
  /** The greater goes first. */
  readonly priority: number;
  readonly wave: string;
  /** Its vApp, whose machines go together, by a name that no other has in the batch; null outside one. */
  readonly unit: string | null;
  /** Ids of jobs that must be done before it starts. */
  readonly after: readonly string[];
  /** Each at most once; none when nothing is known of its way. */
  readonly hops: readonly HopUse[];
  readonly deadline: number | null;
  readonly enlistedAt: number;
}

/** `paused`: stopped, with what it has moved kept. */
export type JobState = 'waiting' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled';

export interface JobProgress {
  readonly state: JobState;
  /** Of the job's bytes, those it needs not move again. */
  readonly movedBytes: number;
  /** Of the last run; null before its end. */
  readonly endedAt: number | null;
  /** Whether the operator wants it to rest, alone or with its wave or batch. */
  readonly onHold: boolean;
}

/** One end of a run of a job that was not wanted. */
export interface Failure {
  readonly jobId: string;
  readonly at: number;
  readonly code: ErrorCode;
}

export interface Wave {
  readonly name: string;
  /** Null: at any time. */
  readonly window: MigrationWindow | null;
}

export interface NightLimits {
  readonly machinesAtOnce: number;
  /** A machine being moved keeps at least one busy. */
  readonly threads: number;
  /** Machines at a time on each hop of a kind; no limit where left out. */
  readonly perHop: Readonly<Partial<Record<HopKind, number>>>;
}

/** What may go over the wire while a window is open. */
export interface BandwidthCap {
  readonly window: MigrationWindow;
  /** Above 0. */
  readonly bytesPerSecond: number;
}

export interface Policy {
  /** What becomes of running machines when their window closes. */
  readonly atWindowEnd: 'finish' | 'pause' | 'cancel';
  /** What becomes of a machine that would not end before its window does. */
  readonly wouldNotFinish: 'hold-back' | 'smallest-first' | 'start-anyway';
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
}

export const DEFAULT_POLICY: Policy = {
  atWindowEnd: 'pause',
  wouldNotFinish: 'hold-back',
  ageStepSeconds: 4 * 3600,
  retries: { attempts: 8, firstPauseSeconds: 60, longestPauseSeconds: 1800 },
  groups: { machines: 3, withinSeconds: 900, firstPauseSeconds: 300, longestPauseSeconds: 1800 },
};

/** What is known of how fast things are. */
export interface KnownRates {
  /** Bytes a second that a hop gives to all machines together; above 0. */
  capacityOf(hop: Hop): number;
  /** What a machine takes beside its data. */
  readonly secondsPerMachine: number;
}

/** A batch as it stands: all that a decision needs beside the time. */
export interface Night {
  /** In the plan's order. */
  readonly jobs: readonly Job[];
  /** By job; one that is not in here waits and has moved nothing. */
  readonly progress: ReadonlyMap<string, JobProgress>;
  /** One after the other. */
  readonly waves: readonly Wave[];
  /** `YYYY-MM-DD`, by the clocks of each window. */
  readonly blackOuts: readonly string[];
  readonly limits: NightLimits;
  readonly caps: readonly BandwidthCap[];
  readonly policy: Policy;
  /** Oldest first. */
  readonly failures: readonly Failure[];
  readonly rates: KnownRates;
}

const UNTOUCHED: JobProgress = { state: 'waiting', movedBytes: 0, endedAt: null, onHold: false };

export function progressOf({ progress }: Pick<Night, 'progress'>, { id }: Pick<Job, 'id'>): JobProgress {
  return progress.get(id) ?? UNTOUCHED;
}

export function bytesLeft(job: Job, { movedBytes }: JobProgress): number {
  return Math.max(0, job.bytes - movedBytes);
}

/** A name for use in maps. */
export function hopKey({ kind, name }: Hop): string {
  return `${kind} ${name}`;
}
