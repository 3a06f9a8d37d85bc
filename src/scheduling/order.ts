import type { Gates } from './gates.js';
import { bytesLeft, type Job, type Night, progressOf } from './night.js';
import type { Units } from './units.js';

/** A job that could start, with what says when its turn is. */
export interface Ranked {
  readonly job: Job;
  /** Seconds for which it could have been started. */
  readonly waited: number;
}

/** One job outside vApps, or those of a vApp that could start: they go together. */
interface Party {
  /** Whether its cutover is due. */
  cutover: boolean;
  /** Whether something of it has been begun. */
  begun: boolean;
  /** Priority, raised by age. */
  level: number;
  deadline: number;
  bytes: number;
  /** In the plan. */
  position: number;
}

/** What the order of jobs goes by. */
interface OrderRules {
  readonly now: number;
  readonly gates: Gates;
  readonly units: Units;
  /** Names of the waves that take their smallest machines first. */
  readonly smallestFirst: ReadonlySet<string>;
}

/**
 * The jobs in the order in which they get free places: cutovers, what has been begun, then by priority and age, by deadline, by
 * size where that is wanted, as the plan has them.
 */
export function inOrder(jobs: readonly Job[], night: Night, rules: OrderRules): Ranked[] {
  const parties = new Map<string, Party>();
  const entries = jobs.map((job, position) => {
    const waited = Math.max(0, rules.now - rules.gates.readySince(job)) / 1000;
    const party = partyOf(job, position, waited, night, rules);
    const key = job.unit === null ? `job ${job.id}` : `unit ${job.unit}`;
    const known = parties.get(key);
    if (known !== undefined) join(known, party);
    else parties.set(key, party);
    return { job, waited, position, party: known ?? party };
  });
  entries.sort((a, b) => compare(a.party, b.party) || a.position - b.position);
  return entries;
}

function partyOf(job: Job, position: number, waited: number, night: Night, rules: OrderRules): Party {
  const progress = progressOf(night, job);
  return {
    cutover: progress.awaitsCutover === true,
    begun: progress.state === 'paused' || rules.units.hasBegun(job),
    level: job.priority + Math.floor(waited / night.policy.ageStepSeconds),
    deadline: job.deadline ?? Number.POSITIVE_INFINITY,
    bytes: rules.smallestFirst.has(job.wave) ? bytesLeft(job, progress) : 0,
    position,
  };
}

function join(party: Party, other: Party): void {
  party.cutover ||= other.cutover;
  party.begun ||= other.begun;
  party.level = Math.max(party.level, other.level);
  party.deadline = Math.min(party.deadline, other.deadline);
  party.bytes += other.bytes;
}

function compare(a: Party, b: Party): number {
  if (a.cutover !== b.cutover) return a.cutover ? -1 : 1;
  if (a.begun !== b.begun) return a.begun ? -1 : 1;
  if (a.level !== b.level) return b.level - a.level;
  if (a.deadline !== b.deadline) return a.deadline < b.deadline ? -1 : 1;
  return a.bytes - b.bytes || a.position - b.position;
}
