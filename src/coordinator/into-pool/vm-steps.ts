import type { StepName } from '../../ledger/index.js';
import type { PoolDestination } from '../../model/destination.js';
import type { PoolWork } from './pool-work.js';

export async function stepsDone({ ledger }: PoolWork, jobId: number): Promise<Set<StepName>> {
  return new Set((await ledger.steps(jobId)).flatMap(({ name, state }) => (state === 'done' ? name : [])));
}

/** Whether something is done with machines before they may be started. */
export function isSettledLater({ after: { move, snapshot } }: PoolDestination): boolean {
  return move !== null || snapshot !== null;
}

/** Whether nothing will be done with a VM any more before it may be started. */
export function isSettled({ destination }: PoolWork, done: ReadonlySet<StepName>): boolean {
  const { move, snapshot } = destination.after;
  return (move === null || done.has('move')) && (snapshot === null || done.has('snapshot'));
}
