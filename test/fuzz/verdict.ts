import { z } from 'zod';

/** `thrown`: something that is no refusal. `slow` and `memory` may be the machine's fault and are asked again. */
const FAILURE = z.strictObject({
  kind: z.enum([
    'thrown',
    'rejection',
    'refused-seed',
    'descriptors',
    'left-behind',
    'slow',
    'memory',
    'died',
  ]),
  detail: z.string(),
});

/** What became of one input; crosses from the child process to its parent. */
export const VERDICT = z.strictObject({
  id: z.string(),
  /** Error code; null when the input was read to its end. */
  refusal: z.string().nullable(),
  failure: FAILURE.nullable(),
});

export type Failure = z.infer<typeof FAILURE>;
export type Verdict = z.infer<typeof VERDICT>;

/** Ids of the inputs that a child is to run, in this order. */
export const ORDER = z.array(z.string());
