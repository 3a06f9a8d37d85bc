import { STATUS_CODES } from 'node:http';
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod';
import { describeError, type ErrorCategory, type ErrorCode, XenferryError } from '../model/errors.js';
import type { ProblemDocument } from './api/common.js';

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  TOKEN_REQUIRED: 401,
  ROLE_MISSING: 403,
  PATH_NOT_ALLOWED: 403,
  NOT_FOUND: 404,
  BATCH_BUSY: 409,
  NAME_TAKEN: 409,
  TARGET_BUSY: 409,
  IDEMPOTENCY_KEY_REUSED: 409,
  TOO_MANY_REQUESTS: 429,
  SERVICE_BUSY: 503,
  TARGET_NO_SPACE: 507,
};

/** What was asked for cannot be done as it stands; a pool may be at fault that we ask in turn. */
const BY_CATEGORY: Partial<Record<ErrorCategory, number>> = { internal: 500, pool: 502, target: 500 };
const UNPROCESSABLE = 422;

function statusOf({ code, category }: XenferryError): number {
  return BY_CODE[code] ?? BY_CATEGORY[category] ?? UNPROCESSABLE;
}

/** An answer for what was thrown. Of bugs it tells nothing: the log does. */
export function problemOf(thrown: unknown): ProblemDocument {
  const error = knownError(thrown);
  const status = requestStatus(thrown) ?? statusOf(error);
  const internal = error.category === 'internal';
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code: error.code,
    detail: internal ? 'The service has a bug; its log says more.' : describeError(error),
    hint: error.hint,
  };
}

/** Ours, or what the server itself found about a request. */
function knownError(thrown: unknown): XenferryError {
  if (thrown instanceof XenferryError) return thrown;
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    const faults = thrown.validation.map(({ instancePath, message }) => `${instancePath || '/'}: ${message}`);
    const where = thrown.validationContext ?? 'request';
    return new XenferryError('REQUEST_INVALID', `${where}: ${faults.slice(0, 20).join('; ')}`);
  }
  const status = requestStatus(thrown);
  if (status !== null && thrown instanceof Error) {
    return new XenferryError(status === 404 ? 'NOT_FOUND' : 'REQUEST_INVALID', thrown.message);
  }
  return new XenferryError('INTERNAL', String(thrown));
}

/** The server's own 4xx. */
function requestStatus(thrown: unknown): number | null {
  if (thrown instanceof XenferryError || isResponseSerializationError(thrown)) return null;
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return null;
  const { statusCode } = thrown;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : null;
}
