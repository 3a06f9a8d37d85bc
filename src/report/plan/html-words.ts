import { formatBytes } from '../../model/format.js';
import { type Content, html, type Markup } from '../../model/html-markup.js';
import type { Bottleneck } from '../../model/plan.js';
import { GIB, KIB } from '../../model/units.js';
import type { MigrationWindow } from '../../model/window.js';
import { badge, moment, type Tone } from '../html-words.js';
import type { PlanSummary, Verdict } from './summary.js';

const VERDICT_WORDS: Record<Verdict, string> = { ready: 'Ready', review: 'To read', blocked: 'Blocked' };

const VERDICT_TONES: Record<Verdict, Tone> = { ready: 'done', review: 'open', blocked: 'failed' };

export const BOTTLENECK_WORDS: Record<Bottleneck, string> = {
  source: 'reading from the source',
  network: 'the network between source and target',
  threads: 'converting on this computer',
  target: 'writing to the target',
  machines: 'the number of machines at a time',
  window: 'the migration window',
};

export function verdictBadge(verdict: Verdict): Markup {
  return badge(VERDICT_WORDS[verdict], VERDICT_TONES[verdict]);
}

/** The whole plan in a few words, and whether they are good news. */
export function planVerdict({ machines, verdicts, unreadable, blocked }: PlanSummary): {
  text: string;
  tone: Tone;
} {
  if (blocked) return { text: 'The plan is blocked', tone: 'failed' };
  const all = machines.length + unreadable;
  if (all === 0) return { text: 'No machines', tone: 'open' };
  const stopped = verdicts.blocked + unreadable;
  if (stopped > 0) return { text: `${share(stopped, all)} cannot be moved yet`, tone: 'failed' };
  if (verdicts.review > 0) {
    return {
      text: `${share(all, all)} can be moved, ${verdicts.review} with warnings to read`,
      tone: 'open',
    };
  }
  return { text: `${share(all, all)} ${all === 1 ? 'is' : 'are'} ready to be moved`, tone: 'done' };
}

function share(part: number, all: number): string {
  if (all === 1) return 'The machine';
  return part === all ? `All ${all} machines` : `${part} of ${all} machines`;
}

/** `118 GiB`; large sums in TiB, where nobody needs more digits. */
export function formatAmount(bytes: number): string {
  const tib = KIB * GIB;
  return bytes >= 10 * tib ? `${(bytes / tib).toFixed(1)} TiB` : formatBytes(bytes);
}

/** A moment on the clock of `timeZone`, else on that of this computer; a dash for none. */
export function clock(iso: string | null, timeZone: string | undefined): Content {
  const time = iso === null ? Number.NaN : Date.parse(iso);
  return Number.isNaN(time) ? '–' : moment(time, timeZone);
}

const DAYS = { mon: 'Mon', tue: 'Tue', wed: 'Wed', thu: 'Thu', fri: 'Fri', sat: 'Sat', sun: 'Sun' };

/** `weekend: Fri, Sat 22:00 – 06:00 Europe/Berlin`. */
export function windowWords(window: MigrationWindow | null): Content {
  if (window === null) return 'at any time';
  const { name, days, from, to, timeZone } = window;
  const when = days.length === 7 ? 'daily' : days.map((day) => DAYS[day]).join(', ');
  return html`<bdi>${name}</bdi>: ${when} ${from} – ${to} ${timeZone}`;
}
