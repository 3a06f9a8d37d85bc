import { type ErrorCategory, XenferryError } from '../model/errors.js';

/** The exit codes of every command; documented in --help and docs/cli.md. */
export const EXIT = {
  done: 0,
  usage: 2,
  planBlocked: 3,
  someFailed: 4,
  allFailed: 5,
  internal: 70,
  cancelled: 130,
} as const;

export const EXIT_CODE_HELP = [
  'Exit codes:',
  '  0    done',
  '  2    usage or configuration',
  '  3    the plan is blocked',
  '  4    some machines failed',
  '  5    all failed (for convert and check: the file)',
  '  70   a bug of xenferry',
  '  130  cancelled',
].join('\n');

const BY_CATEGORY: Record<ErrorCategory, number> = {
  usage: EXIT.usage,
  plan: EXIT.planBlocked,
  source: EXIT.allFailed,
  format: EXIT.allFailed,
  tool: EXIT.allFailed,
  guest: EXIT.allFailed,
  target: EXIT.allFailed,
  pool: EXIT.allFailed,
  verify: EXIT.allFailed,
  service: EXIT.usage,
  canceled: EXIT.cancelled,
  internal: EXIT.internal,
};

export function exitCodeOf(error: unknown): number {
  return error instanceof XenferryError ? BY_CATEGORY[error.category] : EXIT.internal;
}

/** Of a number of machines of which some failed. */
export function exitCodeOfCounts(failed: number, all: number): number {
  if (failed === 0) return EXIT.done;
  return failed === all ? EXIT.allFailed : EXIT.someFailed;
}
