import { ERROR_CATALOG } from '../model/error-catalog.js';
import type { ErrorCode } from '../model/errors.js';
import type { Problem, Severity } from '../model/inventory.js';
import type { Concern } from '../model/plan.js';

/** A concern that no rule finds but the program itself. */
export function concern(id: ErrorCode, severity: Severity, message: string, remedy?: string): Concern {
  return {
    id,
    severity,
    about: null,
    message,
    remedy: remedy ?? ERROR_CATALOG[id].hint,
    fix: null,
    waivable: severity !== 'critical',
    waived: null,
  };
}

/** What reading the machine already found. */
export function concernOfProblem({ code, severity, message, hint, file, line }: Problem): Concern {
  const place = line === null ? file : `${file}:${line}`;
  return concern(code, severity, `${place}: ${message}`, hint);
}
