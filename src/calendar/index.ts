export { type Bandwidth, bandwidthAt, bandwidthChanges } from './bandwidth.js';
export { faultOfCron } from './cron-openings.js';
export type { Opening } from './opening.js';
export { lengthMinutes, nextOpening, openings } from './openings.js';
export { WorkCalendar } from './work-calendar.js';
export { ZonedClock } from './zoned-clock.js';
