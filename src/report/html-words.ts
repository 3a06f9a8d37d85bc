import type { JobState } from '../ledger/index.js';
import { html, type Markup } from '../model/html-markup.js';
import type { Severity } from '../model/inventory.js';
import type { MachineReport, RunReport } from './run-report.js';

/** How the page colours something; the words always say it too. */
export type Tone = 'done' | 'failed' | 'open' | 'quiet';

const STATE_WORDS: Record<JobState, string> = {
  planned: 'Waiting',
  fixing: 'Fixing',
  converting: 'Converting',
  verifying: 'Verifying',
  finishing: 'Finishing',
  paused: 'Paused',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

const ROLLBACK_WORDS = { begun: 'Rolling back', done: 'Rolled back' } as const;

const SEVERITY_WORDS: Record<Severity, string> = {
  critical: 'Critical',
  warning: 'Warning',
  information: 'Note',
};

const SEVERITY_TONES: Record<Severity, Tone> = { critical: 'failed', warning: 'open', information: 'quiet' };

function toneOfState(state: JobState): Tone {
  return state === 'done' || state === 'failed' ? state : 'open';
}

export function stateBadge({
  state,
  rollback,
  rolledBackAt,
}: Pick<MachineReport, 'state' | 'rollback' | 'rolledBackAt'>): Markup {
  if (rolledBackAt !== null) {
    return html`${badge(ROLLBACK_WORDS.done, 'open')}<small>${moment(rolledBackAt)}</small>`;
  }
  if (rollback !== null) return badge(ROLLBACK_WORDS[rollback], 'open');
  return badge(STATE_WORDS[state], toneOfState(state));
}

export function severityBadge(severity: Severity): Markup {
  return badge(SEVERITY_WORDS[severity], SEVERITY_TONES[severity]);
}

export function badge(text: string, tone: Tone): Markup {
  return html`<span class="badge ${tone}">${text}</span>`;
}

/** The whole batch in a few words, and whether they are good news. */
export function verdict({ machines, failed, open, rolledBack }: RunReport['totals']): {
  text: string;
  tone: Tone;
} {
  if (machines === 0) return { text: 'No machines', tone: 'open' };
  if (failed > 0) return { text: `${share(failed, machines)} failed`, tone: 'failed' };
  const verb = machines === 1 ? 'is ' : '';
  if (open > 0) return { text: `${share(open, machines)} ${verb}not finished`, tone: 'open' };
  if (rolledBack > 0) return { text: `${share(rolledBack, machines)} ${verb}rolled back`, tone: 'open' };
  return { text: `${share(machines, machines)} ${verb}done`, tone: 'done' };
}

function share(part: number, machines: number): string {
  if (machines === 1) return 'The machine';
  return part === machines ? `All ${machines} machines` : `${part} of ${machines} machines`;
}

const CLOCK: Intl.DateTimeFormatOptions = {
  weekday: 'short',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
};

/** By zone: making one takes longer than using it. */
const clocks = new Map<string | undefined, Intl.DateTimeFormat>();

/**
 * A moment in `timeZone` (IANA), else in the zone of the computer that wrote the page, which the page names.
 * Throws a RangeError for a zone that does not exist.
 */
export function moment(time: number, timeZone?: string): Markup {
  const clock = clocks.get(timeZone) ?? new Intl.DateTimeFormat('en-GB', { ...CLOCK, timeZone });
  clocks.set(timeZone, clock);
  return html`<time datetime="${new Date(time).toISOString()}">${clock.format(time)}</time>`;
}

/** Bytes of the machine that are not zeros; null before any of its disks was converted. */
export function dataBytesOf({ disks }: MachineReport): number | null {
  const known = disks.flatMap(({ dataBytes }) => (dataBytes === null ? [] : [dataBytes]));
  return known.length === 0 ? null : known.reduce((sum, bytes) => sum + bytes, 0);
}

/** Names for links within the page; positions, because machine names may repeat. */
export function detailsId(index: number): string {
  return `machine-${index + 1}`;
}

export function failureId(index: number): string {
  return `failure-${index + 1}`;
}
