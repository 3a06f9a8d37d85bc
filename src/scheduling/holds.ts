/** What a machine that does not start waits for. */
export type HoldKind =
  | 'operator'
  | 'wave'
  | 'dependency'
  | 'window'
  | 'cutover'
  | 'bandwidth'
  | 'retry'
  | 'trouble'
  | 'limit'
  | 'kept-free'
  | 'too-late'
  | 'too-late-for-others'
  | 'too-long';

/** Why a machine does not start, in words for the operator. */
export interface Hold {
  readonly kind: HoldKind;
  readonly reason: string;
  /** When time alone may change it, in milliseconds since 1970; null when only an event can. */
  readonly until: number | null;
}

export function hold(kind: HoldKind, reason: string, until: number | null = null): Hold {
  return { kind, reason, until };
}

/** `40 min`, `2 h 05 min`; rounded up. */
export function inMinutes(milliseconds: number): string {
  const minutes = Math.ceil(milliseconds / 60_000);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
