import type { RollbackProspect } from '../documents.js';

/** What an operator may confirm, as the dialog takes it. */
export interface RollbackChoice {
  readonly value: 'rollBack' | 'force';
  readonly label: string;
  readonly consequences: readonly string[];
  readonly action: string;
  readonly grave: boolean;
}

/** `forced`: what it takes where nothing but force helps. None where nothing does. */
export function rollbackChoices(
  { refusal, ...prospect }: RollbackProspect,
  forced: RollbackProspect,
): RollbackChoice[] {
  if (forced.refusal !== null) return [];
  const force: RollbackChoice = {
    value: 'force',
    label: 'Roll back by force',
    consequences: [
      ...(refusal === null ? [] : [`It is against the rule: ${refusal.message}.`]),
      ...said(forced),
      'If the guest of its VM does not shut down, its plug is pulled.',
    ],
    action: 'Roll back by force',
    grave: true,
  };
  if (refusal !== null) return [force];
  const plain: RollbackChoice = {
    value: 'rollBack',
    label: 'Roll back',
    consequences: said(prospect),
    action: 'Roll back',
    grave: true,
  };
  return [plain, force];
}

function said({ steps, warnings }: Pick<RollbackProspect, 'steps' | 'warnings'>): string[] {
  return [...steps, ...warnings].map((sentence) => sentence.charAt(0).toUpperCase() + sentence.slice(1));
}
