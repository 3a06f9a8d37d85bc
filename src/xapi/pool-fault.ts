import { type ErrorCode, XenferryError } from '../model/errors.js';

/** The pool's codes that mean more than a refusal; the others are POOL_REFUSED. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  SESSION_AUTHENTICATION_FAILED: 'POOL_UNAUTHORIZED',
  SESSION_INVALID: 'POOL_UNAUTHORIZED',
  RBAC_PERMISSION_DENIED: 'POOL_UNAUTHORIZED',
  SR_BACKEND_FAILURE_44: 'POOL_NO_SPACE',
  SR_FULL: 'POOL_NO_SPACE',
  HANDLE_INVALID: 'POOL_OBJECT_MISSING',
  UUID_INVALID: 'POOL_OBJECT_MISSING',
  VDI_MISSING: 'POOL_OBJECT_MISSING',
  VDI_IO_ERROR: 'POOL_UPLOAD_FAILED',
  HOST_STILL_BOOTING: 'POOL_BUSY',
  TOO_BUSY: 'POOL_BUSY',
  TOO_MANY_PENDING_TASKS: 'POOL_BUSY',
  TASK_CANCELLED: 'CANCELED',
};

/** A reference opens whatever it names when that is a session, and tells people nothing. */
const REFERENCE = /OpaqueRef:[\w-]+/g;
const MAX_SHOWN = 500;

/** An error that the pool itself raised. */
export class PoolFault extends XenferryError {
  /** XAPI's code, such as `VDI_IN_USE`. */
  readonly fault: string;
  readonly #parameters: readonly string[];

  /** `what` is the call or the task; `pool` is for people. */
  constructor(fault: string, parameters: readonly string[], what: string, pool: string) {
    const told = parameters
      .map((text) => text.replaceAll(REFERENCE, '').trim())
      .filter((text) => text !== '');
    const message = [`${what}: ${fault}`, ...told].join(': ').slice(0, MAX_SHOWN);
    super(codeOf(fault), message, { file: pool });
    this.fault = fault;
    this.#parameters = parameters;
  }

  /** Never shown, nor by who prints the error as a whole: sessions may be among them. */
  get parameters(): readonly string[] {
    return this.#parameters;
  }
}

export function isFault(error: unknown, ...faults: readonly string[]): error is PoolFault {
  return error instanceof PoolFault && faults.includes(error.fault);
}

function codeOf(fault: string): ErrorCode {
  return (Object.hasOwn(CODES, fault) ? CODES[fault] : undefined) ?? 'POOL_REFUSED';
}
