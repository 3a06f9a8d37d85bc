import type { BatchSummary, Counts } from '../documents.js';
import { count, span, whole } from './amounts.js';
import type { Spoken, Tone } from './states.js';
import { moment } from './times.js';

/** A batch in one sentence, the worst first. `now`: by the service's clock. */
export function verdict(batch: BatchSummary, now: number): Spoken {
  const { counts, machines, onHold, outlook, stage } = batch;
  if (stage === 'draft') return { text: 'A draft, not started', tone: 'quiet' };
  if (stage === 'queued') return { text: 'Waiting for its turn', tone: 'quiet' };
  if (stage === 'ended') return endVerdict(batch);
  if (onHold)
    return { text: `Paused with ${count(counts.waiting + counts.paused, 'machine')} left`, tone: 'open' };
  const window = outlook?.window ?? null;
  if (window !== null && !window.open && counts.running === 0) {
    return { text: `Goes on when the window opens, ${moment(window.opensAt, now)}`, tone: 'quiet' };
  }
  const ends = outlook?.endsAt ?? null;
  if (ends === null) return { text: `${count(machines - counts.done, 'machine')} left`, tone: 'active' };
  if (window === null) return { text: `Ends about ${moment(ends, now)}`, tone: 'active' };
  const unfit = outlook?.unfit ?? 0;
  if (unfit > 0 || ends > window.closesAt) {
    const who = unfit > 0 ? count(unfit, 'machine') : 'Some machines';
    return { text: `${who} will not be done when the window ends`, tone: 'open' };
  }
  return { text: `On course to end at ${moment(ends, now)}`, tone: 'done' };
}

function endVerdict({ counts, machines }: BatchSummary): Spoken {
  const { done, failed } = counts;
  if (machines === 0) return { text: 'No machines', tone: 'quiet' };
  if (failed > 0 && failed === machines)
    return { text: `All ${count(machines, 'machine')} failed`, tone: 'failed' };
  if (failed > 0) return { text: `${failed} of ${count(machines, 'machine')} failed`, tone: 'failed' };
  if (done < machines)
    return { text: `${done} of ${count(machines, 'machine')} done${rolledBackWords(counts)}`, tone: 'open' };
  return { text: `All ${count(machines, 'machine')} done`, tone: 'done' };
}

function rolledBackWords({ rolledBack }: Counts): string {
  return rolledBack === 0 ? '' : `, ${rolledBack} rolled back`;
}

/** An ended batch in two words, for lists. */
export function outcome({ counts, machines }: BatchSummary): Spoken {
  if (counts.failed > 0) return { text: `${whole(counts.failed)} failed`, tone: 'failed' };
  if (counts.rolledBack > 0 && counts.done + counts.rolledBack === machines)
    return { text: `${whole(counts.rolledBack)} rolled back`, tone: 'open' };
  if (counts.done < machines) return { text: `${whole(machines - counts.done)} not done`, tone: 'open' };
  return { text: 'All done', tone: 'done' };
}

/** The forecast beside the window's end; null where there is no window or no forecast. */
export function forecastNote({ outlook, stage }: BatchSummary, now: number): string | null {
  if (stage !== 'running' || outlook === null || outlook.window === null) return null;
  const { window, endsAt } = outlook;
  const closes = `window “${window.name}” ends ${moment(window.closesAt, now)}`;
  if (endsAt === null) return capital(closes);
  const spare = window.closesAt - endsAt;
  return spare >= 0
    ? `Forecast ${moment(endsAt, now)}, ${span(spare)} before the ${closes}`
    : `Forecast ${moment(endsAt, now)}, ${span(-spare)} after the ${closes}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How the forecast stands beside the plan's estimate; null where either is missing. */
export function estimateNote({ outlook }: BatchSummary): string | null {
  if (outlook?.endsAt == null || outlook.estimateEndsAt == null) return null;
  const late = outlook.endsAt - outlook.estimateEndsAt;
  if (Math.abs(late) < 60_000) return 'as the plan estimated';
  return late > 0
    ? `${span(late)} later than the plan's estimate`
    : `${span(-late)} earlier than the plan's estimate`;
}

/** The parts of a batch in the order of a progress bar. */
export function parts({
  counts,
}: BatchSummary): { readonly text: string; readonly tone: Tone; readonly machines: number }[] {
  const { done, running, failed, paused, cancelled, rolledBack, waiting } = counts;
  return [
    { text: 'Done', tone: 'done' as const, machines: done },
    { text: 'Running', tone: 'active' as const, machines: running },
    { text: 'Failed', tone: 'failed' as const, machines: failed },
    { text: 'Paused', tone: 'open' as const, machines: paused },
    { text: 'Cancelled', tone: 'open' as const, machines: cancelled },
    { text: 'Rolled back', tone: 'open' as const, machines: rolledBack },
    { text: 'Waiting', tone: 'quiet' as const, machines: waiting },
  ].filter(({ machines }) => machines > 0);
}
