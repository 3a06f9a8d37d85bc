import type { Counts, OrderScope, OrderVerb } from '../documents.js';
import { count } from './amounts.js';

/** What a confirmation says before an order is given. */
export interface OrderWords {
  readonly title: string;
  /** What will happen, one sentence each. */
  readonly consequences: readonly string[];
  /** Of the button that gives it. */
  readonly action: string;
  /** Whether it loses anything. */
  readonly grave: boolean;
}

const VERBS: Readonly<Record<OrderVerb, string>> = {
  pause: 'Pause',
  resume: 'Resume',
  cancel: 'Cancel',
  retry: 'Retry',
  refix: 'Refix',
};

export function verbWord(verb: OrderVerb): string {
  return VERBS[verb];
}

/** `counts`: of what the order is about; null where they are not known. */
export function orderWords(
  verb: OrderVerb,
  scope: OrderScope,
  name: string,
  counts: Counts | null,
): OrderWords {
  const whole = scope !== 'machine';
  const what = scope === 'machine' ? name : `${scope} “${name}”`;
  return {
    title: `${VERBS[verb]} ${what}?`,
    action: {
      pause: 'Pause',
      resume: 'Resume',
      cancel: `Cancel ${scope}`,
      retry: 'Retry',
      refix: 'Refix',
    }[verb],
    consequences: CONSEQUENCES[verb](whole, counts),
    grave: verb === 'cancel',
  };
}

const CONSEQUENCES: Readonly<Record<OrderVerb, (whole: boolean, counts: Counts | null) => string[]>> = {
  pause: (whole, counts) =>
    whole
      ? [
          `${running(counts)} at the next safe block; what is moved is kept.`,
          'Nothing more starts until you resume.',
        ]
      : [
          'It stops at the next safe block; what is moved is kept.',
          'It does not start again until you resume it.',
        ],
  resume: (whole) =>
    whole
      ? [
          'Paused machines go on from their last safe block.',
          'Waiting ones start as window and limits allow.',
        ]
      : ['It goes on from its last safe block as soon as window and limits allow.'],
  cancel: (whole, counts) =>
    whole
      ? [
          `${running(counts)} and ${waiting(counts)} not start any more.`,
          'Machines that are done stay as they are, and the sources are never touched.',
          'A cancelled machine can be retried later.',
        ]
      : [
          'It stops now and is not started again, unless you retry it.',
          'The source machine is never touched.',
        ],
  retry: (whole, counts) => [
    whole
      ? `${counts === null ? 'Failed and cancelled machines' : capital(count(counts.failed + counts.cancelled, 'failed or cancelled machine'))} begin again with the step that failed.`
      : 'It begins again with the step that failed.',
    'Blocks that are safe are not moved again.',
  ],
  refix: (whole, counts) => [
    whole
      ? `Fixups are made anew in ${counts === null ? 'machines that are done' : count(counts.done, 'machine that is done', 'machines that are done')}.`
      : 'Its fixups are made anew, as profile and guest tools are now.',
    'Only the blocks that this changes are written again.',
    'A VM that was started since it was made is left as it is.',
  ],
};

function running(counts: Counts | null): string {
  return counts === null
    ? 'Running machines stop'
    : `${count(counts.running, 'running machine')} ${counts.running === 1 ? 'stops' : 'stop'}`;
}

function waiting(counts: Counts | null): string {
  return counts === null
    ? 'waiting ones do'
    : `${count(counts.waiting + counts.paused, 'waiting machine')} ${counts.waiting + counts.paused === 1 ? 'does' : 'do'}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
