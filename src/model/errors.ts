import { ERROR_CATALOG, type ErrorCategory, type ErrorCode } from './error-catalog.js';

export type { ErrorCategory, ErrorCode } from './error-catalog.js';

/** Where an error happened. */
export interface ErrorPlace {
  readonly file?: string | undefined;
  /** Byte offset in the file. */
  readonly offset?: number | undefined;
  /** From 1. */
  readonly line?: number | undefined;
}

export interface XenferryErrorOptions extends ErrorPlace {
  /** Replaces the catalogue's hint where the case knows better. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** Survives structured cloning between threads, where `instanceof` does not. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly place: ErrorPlace;
  readonly stack: string;
}

/** The catalogue's code, or null for what is none: the id of a rule's concern. */
export function errorCodeOf(id: string): ErrorCode | null {
  return Object.hasOwn(ERROR_CATALOG, id) ? (id as ErrorCode) : null;
}

/**
 * An error the operator can act on: a stable code, one line that names the place, and what to do next.
 * Anything else that is thrown is a bug of ours and exits with 70.
 */
export class XenferryError extends Error {
  override readonly name = 'XenferryError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly place: ErrorPlace;

  constructor(code: ErrorCode, message: string, options: XenferryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? ERROR_CATALOG[code].hint;
    this.place = { file: options.file, offset: options.offset, line: options.line };
  }

  get category(): ErrorCategory {
    return ERROR_CATALOG[this.code].category;
  }
}

/** `web01.ovf:12: message` or `disk.vmdk at byte 512: message`. */
export function describeError(error: { readonly message: string; readonly place: ErrorPlace }): string {
  const { file, offset, line } = error.place;
  if (file === undefined) return error.message;
  if (line !== undefined) return `${file}:${line}: ${error.message}`;
  if (offset !== undefined) return `${file} at byte ${offset}: ${error.message}`;
  return `${file}: ${error.message}`;
}

export function serializeError(error: unknown): SerializedError {
  const known = toXenferryError(error);
  return {
    code: known.code,
    message: known.message,
    hint: known.hint,
    place: known.place,
    stack: known.stack ?? known.message,
  };
}

export function reviveError(serialized: SerializedError): XenferryError {
  const { code, message, hint, place, stack } = serialized;
  const error = new XenferryError(code, message, { hint, ...place });
  error.stack = stack;
  return error;
}

/** Any thrown value as a `XenferryError`; what is not ours becomes `INTERNAL` and keeps its stack. */
export function toXenferryError(error: unknown): XenferryError {
  if (error instanceof XenferryError) return error;
  if (!(error instanceof Error)) return new XenferryError('INTERNAL', String(error));
  const wrapped = new XenferryError('INTERNAL', error.message, { cause: error });
  if (error.stack !== undefined) wrapped.stack = error.stack;
  return wrapped;
}

/** The `code` of a Node system error (`ENOENT`, `ENOSPC`, ...), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The failure that explains the others: those that stopped only because another failed count last. */
export function firstFailure(outcomes: readonly PromiseSettledResult<unknown>[]): unknown {
  const failures = outcomes.flatMap((outcome): unknown[] =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  );
  return failures.find((failure) => !isCanceled(failure)) ?? failures[0];
}

export function isCanceled(error: unknown): boolean {
  return error instanceof XenferryError && error.code === 'CANCELED';
}

/** Whether an error is about the content of a disk file, not about reaching it. */
export function isFormatError(error: unknown): boolean {
  return error instanceof XenferryError && error.category === 'format';
}
