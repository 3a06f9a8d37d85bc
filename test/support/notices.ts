import type { Notice } from '../../src/notifications/index.js';

/** Monday 23 November 2026, 21:00 UTC. */
const EVENING = Date.UTC(2026, 10, 23, 21);
const HOUR = 3_600_000;

const ABOUT = { batch: 'shop', at: EVENING, timeZone: 'Europe/Berlin', page: 'batches/7' };

export function failedNotice(...machines: readonly string[]): Notice {
  const failures = machines.map((machine) => ({
    machine,
    code: 'VMDK_TRUNCATED',
    message: 'the file ends at byte 512',
    hint: 'Copy the disk again.',
  }));
  return { ...ABOUT, kind: 'machine-failed', failures };
}

export function stuckNotice(machine = 'db01'): Notice {
  return { ...ABOUT, kind: 'job-stuck', machine, step: 'convert', silentSeconds: 620 };
}

export function closingNotice(): Notice {
  const unfit = [
    { machine: 'db01', forecastEnd: EVENING + 11 * HOUR },
    { machine: 'db02', forecastEnd: null },
  ];
  return { ...ABOUT, kind: 'window-closing', window: 'nightly', closesAt: EVENING + 8 * HOUR, unfit };
}

export function summaryNotice(): Notice {
  return {
    ...ABOUT,
    kind: 'summary',
    night: {
      began: EVENING,
      ended: EVENING + 8 * HOUR,
      counts: { done: 41, failed: 1, cancelled: 0, left: 2 },
      bytes: 900 * 1024 ** 3,
      busySeconds: 7 * 3600,
      slowestHop: 'source read on esx03',
      forecastEnd: EVENING + 7 * HOUR,
      batchEnd: null,
      failures: [{ machine: 'mail01', code: 'GUEST_REFUSED', message: 'hibernated', hint: 'Start Windows.' }],
      waiting: [
        { machine: 'db01', reason: 'would end 40 min after the window nightly' },
        { machine: 'db02', reason: 'waits for db01' },
      ],
      nextWindow: EVENING + 24 * HOUR,
    },
  };
}
