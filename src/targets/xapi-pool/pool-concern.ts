import { ERROR_CATALOG, type ErrorCode } from '../../model/error-catalog.js';
import type { Severity } from '../../model/inventory.js';
import type { Concern } from '../../model/plan.js';

/** A concern that looking at the pool found; its remedy is the catalogue's. */
export function poolConcern(
  id: ErrorCode,
  severity: Severity,
  about: string | null,
  message: string,
): Concern {
  const remedy = ERROR_CATALOG[id].hint;
  return { id, severity, about, message, remedy, fix: null, waivable: false, waived: null };
}
