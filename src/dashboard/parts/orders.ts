import { Problem } from '../client/problem.js';
import type { AppContext } from '../context.js';
import type { Counts, OrderScope, OrderVerb } from '../documents.js';
import { orderWords, verbWord } from '../words/order-words.js';

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
