import { describe, expect, it } from 'vitest';
import { waitForWindow } from '../../../src/coordinator/wait-for-window.js';
import type { MigrationWindow } from '../../../src/model/window.js';
import { failureOf } from '../../support/failure.js';

const { signal } = new AbortController();
// 2026-11-28 is a Saturday; Berlin is one hour ahead of UTC then.
const SATURDAYS: MigrationWindow = {
  name: 'nightly',
  days: ['sat'],
  from: '22:00',
  to: '06:00',
  timeZone: 'Europe/Berlin',
};
const OPENS = Date.parse('2026-11-28T21:00:00Z');
const CLOSES = Date.parse('2026-11-29T05:00:00Z');

/** A clock that runs on from an instant. */
function clockFrom(instant: number): () => number {
  const begun = performance.now();
  return () => instant + Math.floor(performance.now() - begun);
}

describe('quiet hours', () => {
  it.each([
    ['begin', OPENS],
    ['have begun yesterday', CLOSES - 60_000],
  ])('that %s do not keep anybody waiting', async (_title, instant) => {
    expect(await waitForWindow(SATURDAYS, [], signal, clockFrom(instant))).toBe(CLOSES);
  });

  it('are waited for, to the moment', async () => {
    const clock = clockFrom(OPENS - 60);
    expect(await waitForWindow(SATURDAYS, [], signal, clock)).toBe(CLOSES);
    expect(clock()).toBeGreaterThanOrEqual(OPENS);
    expect(clock()).toBeLessThan(OPENS + 5_000);
  });

  it('are waited for through the days of others, until it is canceled', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 30);
    // As it closes, the next is a week away.
    expect((await failureOf(waitForWindow(SATURDAYS, [], stop.signal, clockFrom(CLOSES)))).code).toBe(
      'CANCELED',
    );
  });

  it('are those of a time zone that there is', async () => {
    const nowhere = { ...SATURDAYS, timeZone: 'Europe/Atlantis' };
    expect((await failureOf(waitForWindow(nowhere, [], signal))).code).toBe('CONFIG_INVALID');
  });
});
