import { formatBytes, formatSeconds } from '../model/format.js';
import { bounded, oneLine } from './bounded.js';
import { clockWords } from './clock-words.js';
import type {
  BatchEnded,
  BatchStarted,
  JobStuck,
  MachinesFailed,
  Notice,
  Trial,
  WindowClosing,
} from './notice.js';
import { countWords, failureLines, moreLines, plainFailure, type Words } from './phrases.js';
import { summaryWords } from './summary.js';

export function noticeWords(notice: Notice | Trial): Words {
  switch (notice.kind) {
    case 'batch-started':
      return batchStarted(notice);
    case 'batch-ended':
      return batchEnded(notice);
    case 'machine-failed':
      return machinesFailed(notice);
    case 'job-stuck':
      return jobStuck(notice);
    case 'window-closing':
      return windowClosing(notice);
    case 'summary':
      return summaryWords(notice.night, notice.timeZone);
    case 'test':
      return {
        headline: 'test message',
        lines: ['This is how messages of Xenferry arrive. Nothing has happened.'],
        details: {},
      };
  }
}

function batchStarted({ machines, bytes, forecastEnd, timeZone }: BatchStarted): Words {
  const end = forecastEnd === null ? [] : [`Forecast to end ${clockWords(forecastEnd, timeZone)}.`];
  return {
    headline: `started with ${countOf(machines, 'machine')}`,
    lines: [`${formatBytes(bytes)} to move.`, ...end],
    details: { machines, bytes, forecastEnd },
  };
}

function batchEnded({ counts, bytes, seconds }: BatchEnded): Words {
  return {
    headline: `ended: ${countWords(counts)}`,
    lines: [`${formatBytes(bytes)} moved in ${formatSeconds(seconds)}.`],
    details: { counts, bytes, seconds },
  };
}

function machinesFailed({ failures }: MachinesFailed): Words {
  const { shown, more } = bounded(failures.map(plainFailure));
  const [first] = shown;
  const headline =
    failures.length === 1 && first !== undefined
      ? `${first.machine} failed (${first.code})`
      : `${countOf(failures.length, 'machine')} failed`;
  return {
    headline,
    lines: [...shown.flatMap(failureLines), ...moreLines(more)],
    details: { failures: shown, more },
  };
}

function jobStuck({ machine, step, silentSeconds }: JobStuck): Words {
  const name = oneLine(machine);
  return {
    headline: `${name} is stuck in ${step}`,
    lines: [`Nothing was heard of it for ${formatSeconds(silentSeconds)}.`],
    details: { machine: name, step, silentSeconds },
  };
}

function windowClosing({ window, closesAt, unfit, timeZone }: WindowClosing): Words {
  const { shown, more } = bounded(
    unfit.map(({ machine, forecastEnd }) => ({ machine: oneLine(machine), forecastEnd })),
  );
  const name = oneLine(window);
  return {
    headline: `${countOf(unfit.length, 'machine')} will not be done when window ${name} closes`,
    lines: [
      `It closes ${clockWords(closesAt, timeZone)}. Not done by then:`,
      ...shown.map(({ machine, forecastEnd }) =>
        forecastEnd === null ? `  ${machine}` : `  ${machine}, forecast ${clockWords(forecastEnd, timeZone)}`,
      ),
      ...moreLines(more),
    ],
    details: { window: name, closesAt, unfit: shown, more },
  };
}

function countOf(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
