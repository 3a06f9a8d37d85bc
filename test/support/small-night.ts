import { GIB, MIB } from '../../src/model/units.js';
import type { MigrationWindow } from '../../src/model/window.js';
import {
  DEFAULT_POLICY,
  type HopKind,
  type Job,
  type JobProgress,
  type KnownRates,
  type Night,
  type NightLimits,
} from '../../src/scheduling/index.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
/** A Monday, 22:00 UTC. */
export const EVENING = Date.parse('2026-11-23T22:00:00Z');

/** Every night, 22:00 to 06:00 UTC. */
export const NIGHTLY: MigrationWindow = {
  name: 'nightly',
  days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
  from: '22:00',
  to: '06:00',
  timeZone: 'UTC',
};

export const NO_LIMITS: NightLimits = { machinesAtOnce: 1000, threads: 1000, perHop: {} };

/** A machine of 10 GiB on host `esx1`, which may start at any time. */
export function testJob(name: string, changes: Partial<Job> = {}): Job {
  return {
    id: name,
    name,
    bytes: 10 * GIB,
    priority: 0,
    wave: 'all',
    unit: null,
    after: [],
    hops: [{ kind: 'host', name: 'esx1', share: 1 }],
    deadline: null,
    enlistedAt: EVENING,
    ...changes,
  };
}

export function through(kind: HopKind, name: string, share = 1): Job['hops'][number] {
  return { kind, name, share };
}

/** All hops give 100 MiB/s; a machine takes nothing beside its data. */
const HUNDRED: KnownRates = { capacityOf: () => 100 * MIB, secondsPerMachine: 0 };

/** Jobs in one wave without a window, without limits, nothing begun. */
export function testNight(jobs: readonly Job[], changes: Partial<Night> = {}): Night {
  return {
    jobs,
    progress: new Map(),
    waves: [{ name: 'all', window: null }],
    blackOuts: [],
    limits: NO_LIMITS,
    caps: [],
    policy: DEFAULT_POLICY,
    failures: [],
    rates: HUNDRED,
    ...changes,
  };
}

export function inState(state: JobProgress['state'], changes: Partial<JobProgress> = {}): JobProgress {
  return { state, movedBytes: 0, endedAt: null, onHold: false, ...changes };
}
