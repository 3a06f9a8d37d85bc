/** Milliseconds before the second and later attempts: a server of management is back after half a minute. */
const PAUSES = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

/** The pause after attempt number `attempt` (from 1); null when there is no other. */
export function pauseAfter(attempt: number, scale: number): number | null {
  const pause = PAUSES[attempt - 1];
  return pause === undefined ? null : pause * scale;
}
