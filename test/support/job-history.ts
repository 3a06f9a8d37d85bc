import type { JobState } from '../../src/ledger/index.js';
import { groupBy } from '../../src/model/group-by.js';

/** An event of a job, as the ledger has it. */
export interface JobEvent {
  /** Grows from one to the next. */
  readonly id: number;
  readonly jobId: number;
  readonly state: JobState;
  readonly fence: number;
  readonly worker: string | null;
}

/** Those that follow one another within one run of a job. */
const ORDER: readonly JobState[] = ['planned', 'fixing', 'converting', 'verifying', 'finishing', 'done'];
const RUNNING: readonly JobState[] = ['fixing', 'converting', 'verifying'];

/**
 * What a history must not have, one sentence for each: a job that two workers ran at once, a late owner that still
 * wrote, steps out of order, a job run again that was done, and, of `jobIds`, one that is not done in the end.
 */
export function faultsOfHistory(events: readonly JobEvent[], jobIds: readonly number[]): string[] {
  const faults: string[] = [];
  const byJob = groupBy(
    events.toSorted((a, b) => a.id - b.id),
    ({ jobId }) => String(jobId),
  );
  for (const jobId of new Set([...jobIds.map(String), ...byJob.keys()])) {
    const history = byJob.get(jobId) ?? [];
    faults.push(...faultsOfJob(history).map((fault) => `job ${jobId}: ${fault}`));
    if (history.at(-1)?.state !== 'done') faults.push(`job ${jobId}: it is not done`);
  }
  return faults;
}

function faultsOfJob(history: readonly JobEvent[]): string[] {
  const faults: string[] = [];
  const owners = new Map<number, string | null>();
  let last: JobEvent | undefined;
  let done = false;
  for (const event of history) {
    const { id, state, fence, worker } = event;
    const owner = owners.get(fence);
    if (owner !== undefined && owner !== worker) {
      faults.push(`event ${id}: ${worker} and ${owner} ran it at once, under fence ${fence}`);
    }
    owners.set(fence, worker);
    if (last !== undefined && fence < last.fence) {
      faults.push(`event ${id}: ${worker} wrote with fence ${fence} after ${last.fence}`);
    }
    if (last?.fence === fence && isBefore(state, last.state)) {
      faults.push(`event ${id}: ${state} after ${last.state} in one run`);
    }
    if (done && RUNNING.includes(state)) faults.push(`event ${id}: ${state} although it was done`);
    done ||= state === 'done';
    last = event;
  }
  return faults;
}

function isBefore(state: JobState, other: JobState): boolean {
  const [place, otherPlace] = [ORDER.indexOf(state), ORDER.indexOf(other)];
  // Started again for the same worker's end, it waits.
  return place > 0 && otherPlace > place;
}
