import type { BatchRecord, Ledger } from '../ledger/index.js';
import { readDestination } from '../model/destination.js';
import { XenferryError } from '../model/errors.js';
import { findOwned, type OwnedObject, type Removal, removeOwned } from '../targets/xapi-pool/index.js';
import { connectPool } from '../xapi/index.js';
import { jobMarks } from './job-marks.js';

/**
 * Removes what the runs into a batch's target folder left unfinished in their pool; with `all` also the VMs that are
 * whole and the networks made for them. What is in use is left. Rejects with USAGE where no pool was the target,
 * TARGET_BUSY, CONFIG_INVALID, POOL_*.
 */
export async function cleanUpPool(
  ledger: Ledger,
  { target, destination: recorded }: BatchRecord,
  all: boolean,
): Promise<Removal> {
  // A run that goes on must not lose what it works on.
  const lock = await ledger.lockTarget(target);
  try {
    const destination = readDestination(recorded);
    const marks = await jobMarks(ledger, target);
    if (destination.kind !== 'pool' || marks === null) {
      throw new XenferryError('USAGE', 'the last run of this folder went into files, not into a pool', {
        file: target,
      });
    }
    const landed = await ledger.landedVms(target);
    const client = await connectPool(destination);
    try {
      const owned = await findOwned(client, marks.prefix);
      const kept = all ? [] : owned.filter((one) => isWhole(one, landed)).map(({ uuid }) => uuid);
      const wanted = owned.map(({ jobId }) => jobId).filter((mark) => all || mark !== marks.batch);
      // Before they go: what is not known of them is in nobody's way.
      await ledger.warmMoves.forgetAll(target);
      return await removeOwned(client, new Set(wanted), new Set(kept));
    } finally {
      await client.close();
    }
  } finally {
    await lock.release();
  }
}

/** Whether it is a VM that was verified. */
export function isWhole({ kind, locked, uuid }: OwnedObject, landed: ReadonlySet<string>): boolean {
  return kind === 'vm' && (!locked || landed.has(uuid));
}
