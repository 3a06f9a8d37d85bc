import { ERROR_CATALOG } from '../model/error-catalog.js';
import { type ErrorCode, systemErrorCode, toXenferryError, XenferryError } from '../model/errors.js';
import type { Problem, Severity } from '../model/inventory.js';

/** What a problem is about. */
export interface About {
  /** Relative to the source folder; the descriptor itself when `machineId` is null. */
  readonly file: string;
  readonly machineId: string | null;
  readonly line?: number | null | undefined;
}

/** A problem with the catalogue's hint, unless the case knows better. */
export function problemOf(
  severity: Severity,
  code: ErrorCode,
  message: string,
  { file, machineId, line }: About,
  hint: string = ERROR_CATALOG[code].hint,
): Problem {
  return { severity, code, message, hint, file, line: line ?? null, machineId };
}

/** A critical problem for whatever was thrown while reading `about`. */
export function problemOfError(error: unknown, about: About): Problem {
  const { code, message, hint, place } = known(error);
  const where = place.offset === undefined ? '' : ` (at byte ${place.offset})`;
  return problemOf(
    'critical',
    code,
    `${message}${where}`,
    { ...about, line: about.line ?? place.line },
    hint,
  );
}

function known(error: unknown): XenferryError {
  const reason = error instanceof XenferryError ? undefined : systemErrorCode(error);
  if (reason === undefined) return toXenferryError(error);
  return new XenferryError('SOURCE_UNREADABLE', `it cannot be read (${reason})`, { cause: error });
}
