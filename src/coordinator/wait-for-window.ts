import { nextOpening } from '../calendar/index.js';
import { pauseFor } from '../model/abort.js';
import type { MigrationWindow } from '../model/window.js';

/** Timers do not run while a machine sleeps, and cannot be set for more than 24 days. */
const LONGEST_NAP = 60_000;

/**
 * Waits until a window is open. Returns when it closes, in milliseconds since 1970: what must be done by then is for
 * the caller to see to. `now` is for tests. Rejects with CANCELED, or CONFIG_INVALID as `nextOpening` does.
 */
export async function waitForWindow(
  window: MigrationWindow,
  blackOuts: readonly string[],
  signal: AbortSignal,
  now: () => number = Date.now,
): Promise<number> {
  for (;;) {
    const instant = now();
    const { begin, end } = nextOpening(window, instant, blackOuts);
    if (begin <= instant) return end;
    await pauseFor(Math.min(begin - instant, LONGEST_NAP), signal);
  }
}
