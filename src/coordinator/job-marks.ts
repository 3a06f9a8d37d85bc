import { createHash } from 'node:crypto';
import type { Ledger } from '../ledger/index.js';

/** What the jobs of one ledger mark things with that they make in a pool. */
export interface JobMarks {
  /** With which all of them begin. */
  readonly prefix: string;
  /** For what several jobs share, such as networks. */
  readonly batch: string;
  /** The same for every run that moves the machine. */
  ofMachine(machineId: string): string;
}

/**
 * Of the jobs for one target folder, an absolute path: those for others may be under way. Null for a ledger whose jobs
 * never had to do with a pool.
 */
export async function jobMarks(ledger: Ledger, target: string): Promise<JobMarks | null> {
  const identity = await ledger.identity();
  if (identity === null) return null;
  // As marks were before a ledger had several targets.
  const prefix = ledger.isIn(target) ? `${identity}/` : `${identity}.${digestOf(target)}/`;
  return {
    prefix,
    batch: `${prefix}batch`,
    ofMachine: (machineId) => `${prefix}${digestOf(machineId)}`,
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
