import { Problem } from '../client/problem.js';
import type { AppContext } from '../context.js';
import type { Counts, JobSummary, OrderScope, OrderVerb } from '../documents.js';
import { orderWords, verbWord } from '../words/order-words.js';
import { isRunning } from '../words/states.js';

export interface OrderSubject {
  readonly batchId: number;
  readonly scope: OrderScope;
  /** As the API wants it: the batch's id, the wave's name or the machine's id. */
  readonly subject: string;
  readonly name: string;
  readonly counts: Counts | null;
}

/** Asks for confirmation and gives the order; whether it was given. */
export async function order(
  app: AppContext,
  { batchId, scope, subject, name, counts }: OrderSubject,
  verbs: readonly OrderVerb[],
): Promise<boolean> {
  const words = verbs.map((verb) => ({ verb, ...orderWords(verb, scope, name, counts) }));
  const answer = await app.ask({
    title: words.length === 1 && words[0] !== undefined ? words[0].title : name,
    choices: words.map((each) => ({ value: each.verb, label: verbWord(each.verb), ...each })),
  });
  const verb = verbs.find((each) => each === answer);
  if (verb === undefined) return false;
  try {
    await app.api.order(batchId, verb, scope, subject);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    app.announce(`Not ordered: ${error.message}`);
    return false;
  }
  app.announce(
    `Ordered: ${verbWord(verb).toLowerCase()} ${scope === 'machine' ? name : `${scope} ${name}`}.`,
  );
  return true;
}

/** What can be ordered for a machine as it stands. */
export function verbsForJob({ state, onHold }: JobSummary): OrderVerb[] {
  if (state === 'done') return ['refix'];
  if (state === 'failed') return ['retry', 'refix'];
  if (state === 'cancelled') return ['retry'];
  if (onHold) return ['resume', 'cancel'];
  return isRunning(state) || state === 'planned' || state === 'paused' ? ['pause', 'cancel'] : [];
}

/** What can be ordered for a batch or a wave, by what its machines are doing. */
export function verbsForMany(counts: Counts, onHold: boolean): OrderVerb[] {
  const verbs: OrderVerb[] = [];
  const left = counts.waiting + counts.running + counts.paused;
  if (left > 0) verbs.push(onHold ? 'resume' : 'pause');
  if (counts.failed + counts.cancelled > 0) verbs.push('retry');
  if (left > 0) verbs.push('cancel');
  return verbs;
}
