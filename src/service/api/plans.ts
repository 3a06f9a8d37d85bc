import { z } from 'zod';
import { BYTES } from './common.js';
import { CONCERN } from './concerns.js';

export const PLAN_DOCUMENT = z.object({
  /** Text of the migration file. */
  migration: z.string(),
  /** About the plan as a whole. */
  concerns: z.array(CONCERN),
  /** Descriptors that could not be read. */
  unreadable: z.array(
    z.object({
      file: z.string(),
      line: z.int().nullable(),
      code: z.string(),
      message: z.string(),
      hint: z.string(),
    }),
  ),
  waves: z.array(
    z.object({ name: z.string(), machineIds: z.array(z.string()), window: z.string().nullable() }),
  ),
  machines: z.array(
    z.object({
      id: z.string(),
      /** At the source. */
      sourceName: z.string(),
      /** At the target. */
      name: z.string(),
      wave: z.string(),
      os: z.string(),
      dataBytes: BYTES,
      disks: z.array(z.object({ storage: z.string().nullable(), dataBytes: BYTES })),
      nics: z.array(z.object({ network: z.string(), mac: z.string().nullable() })),
      /** Id of the guest profile. */
      profile: z.string(),
      concerns: z.array(CONCERN),
      /** Whether the migration leaves it out. */
      skipped: z.boolean(),
      fixups: z.string(),
    }),
  ),
  estimate: z.object({
    bytes: BYTES,
    seconds: z.number(),
    bottleneck: z.string(),
    waves: z.array(
      z.object({
        wave: z.string(),
        machines: z.int(),
        bytes: BYTES,
        seconds: z.number(),
        startsAt: z.string().nullable(),
        endsAt: z.string().nullable(),
        windows: z.int(),
        bottleneck: z.string(),
      }),
    ),
    storage: z.array(z.object({ storage: z.string().nullable(), bytes: BYTES, freeBytes: BYTES.nullable() })),
  }),
  /** The least that would make a run refuse: false when nothing stands against the plan as a whole. */
  blocked: z.boolean(),
});

export type PlanDocument = z.infer<typeof PLAN_DOCUMENT>;
