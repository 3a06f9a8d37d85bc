import { formatBytes, formatRate, formatSeconds } from '../model/format.js';
import { type Bounded, bounded, oneLine } from './bounded.js';
import { clockWords } from './clock-words.js';
import type { MachineFailure, NightSummary } from './notice.js';
import { countWords, failureLines, moreLines, plainFailure, type Words } from './phrases.js';

/** What is to be read of a night, in the order in which it is asked for. */
export interface SummaryParts {
  readonly headline: string;
  readonly night: string;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly failures: Bounded<MachineFailure>;
  readonly waiting: Bounded<{ readonly machine: string; readonly reason: string }>;
}

export function summaryParts(night: NightSummary, timeZone: string): SummaryParts {
  const clock = (time: number): string => clockWords(time, timeZone);
  const { began, ended, counts, bytes, busySeconds, slowestHop, nextWindow } = night;
  return {
    headline: `the night: ${countWords(counts)}`,
    night: `From ${clock(began)} to ${clock(ended)}`,
    facts: [
      { label: 'Moved', value: `${formatBytes(bytes)} in ${formatSeconds(busySeconds)}` },
      { label: 'On average', value: formatRate(bytes, busySeconds) },
      { label: 'Slowest hop', value: slowestHop === null ? 'none was full' : oneLine(slowestHop) },
      { label: 'End', value: endWords(night, clock) },
      ...(nextWindow === null ? [] : [{ label: 'Goes on', value: clock(nextWindow) }]),
    ],
    failures: bounded(night.failures.map(plainFailure)),
    waiting: bounded(
      night.waiting.map(({ machine, reason }) => ({ machine: oneLine(machine), reason: oneLine(reason) })),
    ),
  };
}

export function summaryWords(night: NightSummary, timeZone: string): Words {
  const { headline, night: when, facts, failures, waiting } = summaryParts(night, timeZone);
  const { failures: _failures, waiting: _waiting, slowestHop, ...figures } = night;
  return {
    headline,
    lines: [
      `${when}:`,
      ...facts.map(({ label, value }) => `  ${label}: ${value}`),
      ...(failures.shown.length === 0 ? [] : ['', 'What needs a hand:']),
      ...failures.shown.flatMap(failureLines),
      ...moreLines(failures.more),
      ...(waiting.shown.length === 0 ? [] : ['', 'What is left:']),
      ...waiting.shown.map(({ machine, reason }) => `  ${machine}: ${reason}`),
      ...moreLines(waiting.more),
    ],
    details: {
      ...figures,
      slowestHop: slowestHop === null ? null : oneLine(slowestHop),
      failures: failures.shown,
      moreFailures: failures.more,
      waiting: waiting.shown,
      moreWaiting: waiting.more,
    },
  };
}

/** Forecast and outcome beside each other. */
function endWords({ forecastEnd, batchEnd }: NightSummary, clock: (time: number) => string): string {
  const forecast = forecastEnd === null ? 'no forecast' : `forecast ${clock(forecastEnd)}`;
  if (batchEnd === null) return `not yet; ${forecast}`;
  if (forecastEnd === null) return `${clock(batchEnd)}; ${forecast}`;
  const late = (batchEnd - forecastEnd) / 1000;
  const off = `${formatSeconds(Math.abs(late))} ${late < 0 ? 'earlier' : 'later'}`;
  return `${clock(batchEnd)}; ${forecast}${Math.abs(late) < 60 ? '' : `, ${off}`}`;
}
