import { z } from 'zod';
import { AT_WINDOW_END, WOULD_NOT_FINISH } from '../../model/night.js';
import { NAME } from './words.js';

const TIME_OF_DAY = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day from 00:00 to 23:59');
const TIME_ZONE = NAME.default('UTC');
/** ISO 8601, such as `2026-11-27T22:00:00+01:00`. */
export const INSTANT = z.iso.datetime({ offset: true });

export const WINDOW_SCHEMA = z.union([
  z.strictObject({
    /** On which it begins. */
    days: z.array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])).min(1),
    from: TIME_OF_DAY,
    to: TIME_OF_DAY,
    timeZone: TIME_ZONE,
  }),
  z.strictObject({
    /** When it begins: minute (one number), hour, day of the month, month, day of the week. */
    cron: z.string().min(1).max(200),
    /** For how long. */
    hours: z.number().positive().max(168),
    timeZone: TIME_ZONE,
  }),
]);

/** Dates on which no window of a wave is open, by its own clocks. */
export const BLACK_OUTS = z.array(z.iso.date()).max(3650);

/** What may go over the wire while a window is open; of several the least. */
export const BANDWIDTH = z
  .array(
    z.strictObject({
      window: NAME,
      /** Of all machines together; 0: nothing moves. */
      mibPerSecond: z.number().nonnegative().max(1e9),
    }),
  )
  .max(100);

/** Whose turn it is to be moved: the greater goes first. */
const PRIORITY = z.number().int().min(-1000).max(1000);

/** What says whose turn it is, for a machine or for all of a wave. */
export const TURN = {
  priority: PRIORITY.optional(),
  /** By which it shall be there: ISO 8601, such as `2026-11-30T06:00:00+01:00`. */
  deadline: INSTANT.optional(),
};

const SECONDS = z
  .number()
  .positive()
  .max(30 * 86_400);

/** What is done when things do not go as planned; what is left out is as docs/scheduling.md has it. */
export const NIGHT = z.strictObject({
  /** What becomes of running machines when their window closes. */
  atWindowEnd: z.enum(AT_WINDOW_END).optional(),
  /** What becomes of a machine that would not end before its window does. */
  wouldNotFinish: z.enum(WOULD_NOT_FINISH).optional(),
  /** A machine that could start and has waited so long counts as one priority higher, each time again. */
  ageStepSeconds: SECONDS.optional(),
  retries: z
    .strictObject({
      /** Failures of its own after which a machine is given up. */
      attempts: z.number().int().positive().max(100),
      firstPauseSeconds: SECONDS,
      longestPauseSeconds: SECONDS,
    })
    .partial()
    .optional(),
  /** When so many machines fail alike at one place within a time, what still waits there is paused. */
  groups: z
    .strictObject({
      machines: z.number().int().min(2).max(1000),
      withinSeconds: SECONDS,
      firstPauseSeconds: SECONDS,
      longestPauseSeconds: SECONDS,
    })
    .partial()
    .optional(),
  stuck: z
    .strictObject({
      /** A step that was told not to come on, and does not for so long more, is stopped and tried again. */
      giveUpSeconds: z.union([z.literal('off'), SECONDS]),
    })
    .optional(),
});

/** As many as a run takes; the cost of an estimate grows with it. */
const AT_ONCE = z.number().int().positive().max(128);
const PER_PLACE = z.number().int().positive().max(1e6);
const BY_NAME = z.record(NAME, PER_PLACE);

export const LIMITS_SCHEMA = z.strictObject({
  machinesAtOnce: AT_ONCE,
  machinesPerHost: PER_PLACE,
  machinesPerDatastore: PER_PLACE,
  /** Through which a pool takes them. */
  machinesPerTargetHost: PER_PLACE,
  /** Repositories they go to. */
  machinesPerStorage: PER_PLACE,
  threads: AT_ONCE,
});

/** Machines at a time on single places, such as `hosts: {esx03: 1}`. */
export const NAMED_LIMITS = {
  hosts: BY_NAME.optional(),
  datastores: BY_NAME.optional(),
  targetHosts: BY_NAME.optional(),
  storage: BY_NAME.optional(),
};
