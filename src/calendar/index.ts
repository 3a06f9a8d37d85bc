export { lengthMinutes, nextOpening, type Opening, openings } from './openings.js';
export { ZonedClock } from './zoned-clock.js';
