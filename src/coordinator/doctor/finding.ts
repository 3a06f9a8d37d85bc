/** What was looked at, and how it is. */
export interface Finding {
  readonly what: string;
  /** `missing`: what is wanted cannot be done without. */
  readonly state: 'ok' | 'missing' | 'optional';
  readonly detail: string;
  /** What mends it; empty when nothing is to be done. */
  readonly remedy: string;
}
