import { type BlockRecords, ReadBack } from '../../conversion/index.js';
import { XenferryError } from '../../model/errors.js';
import { GIB } from '../../model/units.js';
import { exportVdi, type Ref, type XapiClient } from '../../xapi/index.js';
import { withFreshAttempts } from './fresh-attempts.js';

/** How much of a disk is compared: all, its first GiB, nothing. */
export type ReadBackAmount = 'all' | 'sampled' | 'none';

const SAMPLE_BYTES = GIB;

export interface VdiReadBack {
  readonly vdi: Ref;
  readonly virtualBytes: number;
  /** Of a host that sees the repository. */
  readonly address: string;
  readonly records: BlockRecords;
  readonly amount: ReadBackAmount;
  /** The disk's name, for errors. */
  readonly name: string;
  readonly signal: AbortSignal;
}

/**
 * Reads a VDI back and compares it with the digests of its conversion. Returns how many bytes that were.
 * Rejects with VERIFY_MISMATCH, POOL_*, CANCELED.
 */
export async function readBackVdi(client: XapiClient, check: VdiReadBack): Promise<number> {
  const { virtualBytes, amount, signal } = check;
  if (amount === 'none') return 0;
  const wanted = amount === 'all' ? virtualBytes : Math.min(virtualBytes, SAMPLE_BYTES);
  await withFreshAttempts(client, signal, () => compare(client, check, wanted));
  return wanted;
}

async function compare(client: XapiClient, check: VdiReadBack, wanted: number): Promise<void> {
  const readBack = await ReadBack.create(check.records, check.name);
  for await (const part of exportVdi(client, check)) {
    readBack.add(part.subarray(0, wanted - readBack.bytes));
    if (readBack.bytes === wanted) break;
  }
  if (readBack.bytes < wanted) {
    // A pool that cannot go on hangs up.
    throw new XenferryError(
      'POOL_UNREACHABLE',
      `the export ended after ${readBack.bytes} of ${wanted} bytes`,
      {
        file: client.shown,
      },
    );
  }
  readBack.end();
}
