import { Problem } from '../client/problem.js';
import type { AppContext } from '../context.js';
import { rollbackChoices } from '../words/rollback-words.js';

/** Says what it takes to take a machine back to its source, and does it when that is confirmed; whether it was begun. */
export async function rollBack(
  app: AppContext,
  { id, name }: { readonly id: number; readonly name: string },
): Promise<boolean> {
  try {
    const prospect = await app.api.rollbackProspect(id, false);
    const forced = prospect.refusal === null ? prospect : await app.api.rollbackProspect(id, true);
    const choices = rollbackChoices(prospect, forced);
    if (choices.length === 0) {
      app.announce(`Not rolled back: ${forced.refusal?.message}. ${forced.refusal?.hint}`);
      return false;
    }
    const answer = await app.ask({ title: `Roll back ${name}?`, choices });
    if (answer === null) return false;
    await app.api.rollBack(id, answer === 'force');
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    app.announce(`Not rolled back: ${error.message}`);
    return false;
  }
  app.announce(`${name} is being rolled back; its log tells how that ends.`);
  return true;
}
