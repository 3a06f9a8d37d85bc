/** What a call fails with: a code of the API and what it is about. */
export class XapiFailure extends Error {
  readonly code: string;
  readonly params: readonly string[];

  constructor(code: string, params: readonly string[] = []) {
    super([code, ...params].join(' '));
    this.code = code;
    this.params = params;
    this.name = 'XapiFailure';
  }

  /** As `ErrorDescription` and a task's `error_info` have it. */
  get description(): readonly string[] {
    return [this.code, ...this.params];
  }
}

/** Whatever was thrown as the failure that a client sees. */
export function asFailure(thrown: unknown): XapiFailure {
  return thrown instanceof XapiFailure ? thrown : new XapiFailure('INTERNAL_ERROR', [String(thrown)]);
}
