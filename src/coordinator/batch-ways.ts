import { z } from 'zod';
import { XenferryError } from '../model/errors.js';
import type { BatchWays } from './fingerprint.js';

const KEY_REFERENCE = z.union([
  z.strictObject({ file: z.string() }),
  z.strictObject({ environment: z.string() }),
]);
const WAYS = z.strictObject({
  checksum: z.enum(['sha1', 'xxhash']),
  digest: z.enum(['xxh64', 'sha256']),
  guests: z.strictObject({
    tools: z.string().nullable(),
    luksKeys: z.array(KEY_REFERENCE).readonly(),
    isolate: z.boolean(),
  }),
  blackOuts: z.array(z.string()).readonly().default([]),
});

/** How a batch's machines are made, but for the profiles, which every worker has. */
type RecordedWays = Omit<BatchWays, 'profiles'> & {
  /** `YYYY-MM-DD`: dates on which no window opens. */
  readonly blackOuts: readonly string[];
};

/** For the ledger. */
export function waysOf({ checksum, digest, guests, blackOuts }: RecordedWays): string {
  return JSON.stringify({ checksum, digest, guests, blackOuts } satisfies z.infer<typeof WAYS>);
}

/** What `waysOf` wrote. Throws LEDGER_INVALID for anything else. */
export function readWays(text: string | null): RecordedWays {
  const read = WAYS.safeParse(text === null ? null : JSON.parse(text));
  if (read.success) return read.data;
  throw new XenferryError('LEDGER_INVALID', 'the batch does not say how its machines are made', {
    hint: 'Start the batch again with this release of xenferry, also on the machines with workers.',
  });
}
