import { type BlockRecords, ReadBack } from '../../conversion/index.js';
import type { BandwidthGate } from '../../io/bandwidth-gate.js';
import { isFormatError, XenferryError } from '../../model/errors.js';
import { BLOCK_BYTES, GIB } from '../../model/units.js';
import { MAX_VHD_BYTES, readVhdStream } from '../../vhd/index.js';
import { exportVdi, type Ref, type XapiClient } from '../../xapi/index.js';
import { type TransferPlace, withFreshAttempts } from './fresh-attempts.js';

/**
 * How much of a disk is compared: all; which blocks are stored, and the first GiB of those; nothing. Of disks too large
 * for a VHD, whose bytes can only be had one after the other, a sample is the first GiB.
 */
export type ReadBackAmount = 'all' | 'sampled' | 'none';

const SAMPLE_BYTES = GIB;

export interface VdiReadBack {
  readonly vdi: Ref;
  readonly virtualBytes: number;
  readonly place: TransferPlace;
  readonly records: BlockRecords;
  readonly amount: ReadBackAmount;
  readonly gate: BandwidthGate;
  /** One byte per block: the content of these alone is compared, as much as `amount` says of them. All when left out. */
  readonly only?: Uint8Array | undefined;
  /** The disk's name, for errors. */
  readonly name: string;
}

/**
 * Reads a VDI back and compares it with the digests of its conversion. Returns how many bytes of the disk that were.
 * Rejects with VERIFY_MISMATCH, POOL_*, CANCELED.
 */
export async function readBackVdi(client: XapiClient, check: VdiReadBack): Promise<number> {
  const { virtualBytes, amount, place } = check;
  if (amount === 'none') return 0;
  const compare = virtualBytes <= MAX_VHD_BYTES ? compareStored : compareFromStart;
  return await withFreshAttempts(client, place, (address) => compare(client, check, address));
}

/** What a VHD leaves out must be zeros; a sample sees that of all blocks, and the content of the first ones. */
async function compareStored(client: XapiClient, check: VdiReadBack, address: string): Promise<number> {
  const { vdi, virtualBytes, records, amount, gate, name, place, only } = check;
  const lastBlock = only === undefined ? Number.POSITIVE_INFINITY : only.lastIndexOf(1);
  const readBack = await ReadBack.create(records, name);
  const parts = exportVdi(client, { address, vdi, format: 'vhd', gate, signal: place.signal });
  let absent = 0;
  let left = amount === 'all' ? Number.POSITIVE_INFINITY : SAMPLE_BYTES / BLOCK_BYTES;
  let present = 0;
  try {
    await readVhdStream(parts, name, {
      tables(exportedBytes, stored) {
        if (exportedBytes !== virtualBytes) {
          throw new XenferryError('VERIFY_MISMATCH', `the disk reads back with ${exportedBytes} bytes`, {
            file: name,
          });
        }
        for (const [block, is] of stored.entries()) {
          if (is === 1) continue;
          readBack.judge(block, null);
          absent++;
        }
      },
      block(block, content) {
        if (only === undefined || only[block] === 1) {
          readBack.judge(block, content);
          present++;
          left--;
        }
        return left > 0 && block < lastBlock;
      },
    });
  } catch (error) {
    throw isFormatError(error) ? brokenOff(client, error) : error;
  }
  return Math.min((absent + present) * BLOCK_BYTES, virtualBytes);
}

async function compareFromStart(client: XapiClient, check: VdiReadBack, address: string): Promise<number> {
  const { vdi, virtualBytes, amount, gate, place, only } = check;
  const { signal } = place;
  const end =
    only === undefined ? virtualBytes : Math.min(virtualBytes, (only.lastIndexOf(1) + 1) * BLOCK_BYTES);
  const wanted = amount === 'all' ? end : Math.min(end, SAMPLE_BYTES);
  const readBack = await ReadBack.create(check.records, check.name);
  for await (const part of exportVdi(client, { address, vdi, format: 'raw', gate, signal })) {
    readBack.add(part.subarray(0, wanted - readBack.bytes));
    if (readBack.bytes === wanted) break;
  }
  if (readBack.bytes < wanted) throw brokenOff(client, `${readBack.bytes} of ${wanted} bytes came`);
  readBack.end();
  return wanted;
}

/** A pool that cannot go on hangs up. */
function brokenOff(client: XapiClient, cause: unknown): XenferryError {
  return new XenferryError('POOL_UNREACHABLE', 'the export of a disk broke off', {
    file: client.shown,
    cause,
  });
}
