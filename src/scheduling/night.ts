import type { ErrorCode } from '../model/errors.js';
import type { BandwidthCap, Policy } from '../model/night.js';
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

/** The target's hosts that a machine's data goes through, each at most once: one, or several where none sees all that it needs. */
export type WayIn = readonly HopUse[];

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
  /** Of which one is chosen when it starts, and counts as hops of it then; none where there is nothing to choose. */
  readonly waysIn?: readonly WayIn[];
  readonly deadline: number | null;
  readonly enlistedAt: number;
  /** When it may be shut down at its source for good, where that is another time than that of its wave; any when left out. */
  readonly cutover?: MigrationWindow | null;
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
  /** Whether all but its cutover is done: its window is that of the cutover, and no wave waits for it any more. */
  readonly awaitsCutover?: boolean;
}

/** One end of a run of a job that was not wanted. */
export interface Failure {
  readonly jobId: string;
  readonly at: number;
  readonly code: ErrorCode;
  /** The way into the target that it had taken; none when it is not known. */
  readonly wayIn?: WayIn;
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
  /** By `hopKey`, where one hop has another limit than its kind; none where left out. */
  readonly byName?: ReadonlyMap<string, number>;
}

/** How many machines may be on a hop at a time; null: as many as come. */
export function limitAt({ perHop, byName }: NightLimits, hop: Hop): number | null {
  return byName?.get(hopKey(hop)) ?? perHop[hop.kind] ?? null;
}

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
  /** Nothing begins before, in milliseconds since 1970; null: at once. */
  readonly startsAt: number | null;
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
