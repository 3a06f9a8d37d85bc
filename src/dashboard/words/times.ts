/** The zone of this device's clock, which all times are shown by. */
export const TIME_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const CLOCK_SECONDS = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const DAY = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });

/** `04:12`. */
export function clock(time: number): string {
  return CLOCK.format(time);
}

/** `04:12:09`. */
export function clockWithSeconds(time: number): string {
  return CLOCK_SECONDS.format(time);
}

/** `Tue 24 Nov`. */
export function day(time: number): string {
  return DAY.format(time);
}

/** So near to now a time needs no day: nights go over midnight. */
const NEAR_MS = 12 * 3_600_000;

/** `04:12` of today or of this night, else with the day. */
export function moment(time: number, now: number): string {
  const plain = day(time) === day(now) || Math.abs(time - now) < NEAR_MS;
  return plain ? clock(time) : `${day(time)}, ${clock(time)}`;
}

/** For what is read out, and for tooltips. */
export function momentInFull(time: number): string {
  return FULL.format(time);
}
