import { z } from 'zod';

/** The documents of `--json`, as far as the tests rely on them. */

const BYTES = z.number().int().nonnegative();

export const CONVERTED = z.strictObject({
  input: z.string(),
  output: z.string(),
  format: z.enum(['vhd', 'fixed-vhd', 'qcow2', 'raw', 'xva']),
  capacityBytes: BYTES,
  dataBytes: BYTES,
  fileBytes: BYTES,
  digest: z.string().regex(/^(?:xxh64|sha256):[0-9a-f]{64}$/),
  notes: z.array(z.string()),
  seconds: z.number().positive(),
});

export const CHECKED = z.object({
  file: z.string(),
  format: z.enum(['vmdk', 'vhd', 'qcow2', 'xva']),
  disks: z.array(z.object({ virtualBytes: BYTES })),
  findings: z.array(z.string()),
});

export const REFUSED = z.object({
  error: z.object({
    code: z.string(),
    message: z.string().min(1),
    hint: z.string().min(1),
    file: z.string(),
  }),
});

const ERROR = z.object({ code: z.string(), message: z.string().min(1), hint: z.string().min(1) });
const STATE = z.enum([
  'planned',
  'fixing',
  'converting',
  'verifying',
  'finishing',
  'paused',
  'done',
  'failed',
  'cancelled',
]);
const TOTALS = z.object({ machines: BYTES, done: BYTES, failed: BYTES, open: BYTES });

export const STATUS = z.object({
  target: z.string(),
  startedAt: z.number(),
  finishedAt: z.number().nullable(),
  totals: TOTALS,
  machines: z.array(
    z.object({
      name: z.string(),
      state: STATE,
      safeBytes: BYTES,
      dataBytes: BYTES,
      output: z.string().nullable(),
      error: ERROR.nullable(),
    }),
  ),
});

export const REPORT = z.object({
  totals: TOTALS,
  machines: z.array(
    z.object({
      name: z.string(),
      waitsFor: z.string().nullable(),
      tries: z.array(z.object({ code: z.string() })),
      landed: z.string().nullable(),
      state: STATE,
      output: z.string().nullable(),
      outputBytes: BYTES.nullable(),
      safeBytes: BYTES,
      disks: z.array(
        z.object({
          file: z.string(),
          capacityBytes: BYTES,
          dataBytes: BYTES.nullable(),
          digest: z.string().nullable(),
          manifest: z.string().nullable(),
        }),
      ),
      steps: z.array(z.object({ name: z.string(), seconds: z.number().nullable(), bytes: BYTES })),
      guest: z
        .discriminatedUnion('kind', [
          z.object({ kind: z.literal('none') }),
          z.object({ kind: z.literal('mended'), record: z.object({ profile: z.string() }) }),
          z.object({ kind: z.literal('left'), reason: z.object({ code: z.string() }) }),
        ])
        .nullable(),
    }),
  ),
});

/** `xenferry guest inspect --json`. */
export const INSPECTED = z.object({
  guest: z.object({
    family: z.string(),
    distribution: z.string(),
    architecture: z.string().nullable(),
    fileSystems: z.array(
      z.object({ device: z.string(), type: z.string(), mountPoint: z.string().nullable() }),
    ),
  }),
  profile: z.object({ id: z.string(), fixups: z.array(z.string()) }),
});

/** `xenferry guest fix --json`. */
export const FIXED = z.object({ edits: z.array(z.object({ kind: z.string(), path: z.string() })) });
