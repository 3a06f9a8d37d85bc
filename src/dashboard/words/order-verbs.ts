import type { Counts, JobSummary, OrderVerb } from '../documents.js';
import { isRunning } from './states.js';

/** What can be ordered for a machine as it stands. */
export function verbsForJob({ state, onHold }: JobSummary): OrderVerb[] {
  if (state === 'failed' || state === 'cancelled' || state === 'rolledBack') return ['retry'];
  if (state === 'done') return ['refix'];
  if (onHold) return ['resume', 'cancel'];
  return isRunning(state) || state === 'planned' || state === 'paused' ? ['pause', 'cancel'] : [];
}

/** What can be ordered for a batch or a wave, by what its machines are doing. */
export function verbsForMany(counts: Counts, onHold: boolean): OrderVerb[] {
  const verbs: OrderVerb[] = [];
  const left = counts.waiting + counts.running + counts.paused;
  if (left > 0) verbs.push(onHold ? 'resume' : 'pause');
  if (counts.failed + counts.cancelled > 0) verbs.push('retry');
  if (counts.done > 0) verbs.push('refix');
  if (left > 0) verbs.push('cancel');
  return verbs;
}
