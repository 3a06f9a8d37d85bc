import { removeGuestFolder } from '../guests/index.js';
import type { ImageSource } from '../images/index.js';
import type { JobLedger, JobOutput } from '../ledger/index.js';
import { type ErrorCode, toXenferryError } from '../model/errors.js';
import { type GuestOutcome, keptOutcome, mendedDisks, wantsFixups } from './fix-machine.js';
import { type BatchContext, type ClaimedJob, fixGuest } from './job.js';
import { withReadableDisks } from './readable-disks.js';
import { isKept } from './stop-reasons.js';

/** After these what was made is worth keeping: the next run goes on with it. */
const RESUMABLE: readonly ErrorCode[] = [
  'CANCELED',
  'SOURCE_UNREADABLE',
  'WORKER_CRASHED',
  'INTERNAL',
  // Another goes on with it.
  'LEASE_LOST',
  'LEDGER_UNREACHABLE',
];

/** What a machine becomes in the target folder. */
export interface Output {
  /** Whether it can be gone on with before it is whole. */
  readonly resumable: boolean;
  /** Bytes of what an earlier run left unfinished; null for nothing. */
  begunBytes(): Promise<number | null>;
  /** Starts afresh, or goes on with what an earlier run left when `resume`. Rejects with TARGET_*. */
  open(resume: boolean): Promise<OpenOutput>;
}

/** An output under construction. */
export interface OpenOutput {
  /** Absolute path; files beside it whose names begin with its name are for the time of the conversion. */
  readonly path: string;
  /** Converts, verifies and makes durable. */
  make(disks: readonly ImageSource[]): Promise<JobOutput>;
  /** Gives it its final name, replacing what has that name. */
  publish(): Promise<void>;
  /** Leaves it for a later run. */
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Mends a machine's guest and makes its output, going on where an earlier run stopped. After a failure nothing is left
 * but what the next run goes on with.
 */
export async function deliverOutput(context: BatchContext, job: ClaimedJob, output: Output): Promise<void> {
  const { signal, profiles } = context;
  const { record, planned, held } = job;
  const begun = await output.begunBytes();
  const isWhole = begun !== null && begun === record.outputBytes;
  const usable = isWhole || (begun !== null && output.resumable);
  // Blocks of a guest that must be mended anew are not those that would be converted now.
  const { known, guestFolder } = await guestToGoOnWith(held, usable);
  const open = await output.open(known !== null);
  try {
    if (known === null || !isWhole) {
      const made = await withReadableDisks(
        planned.machine,
        open.path,
        { inOnePiece: wantsFixups(planned, profiles), signal },
        async (disks) => {
          const guest = known ?? (await fixGuest(context, job, disks));
          return await open.make(mendedDisks(disks, guest, guestFolder));
        },
      );
      await held.recordOutput(made);
    }
    // A late owner must not give its name to what another works on by now.
    await held.check();
    await open.publish();
    await held.clearBlocks();
    await removeGuestFolder(guestFolder);
  } catch (error) {
    const worthKeeping = signal.aborted ? isKept(signal) : RESUMABLE.includes(toXenferryError(error).code);
    if (output.resumable && worthKeeping) await open.keep();
    else {
      await held.reset();
      await open.discard();
      await removeGuestFolder(guestFolder);
    }
    throw error;
  }
}

/** What an earlier run made of the guest; what is of no use is removed, and forgotten with all that builds on it. */
export async function guestToGoOnWith(
  held: JobLedger,
  usable: boolean,
): Promise<{ readonly known: GuestOutcome | null; readonly guestFolder: string }> {
  const kept = await held.guest();
  const known = kept === null || !usable ? null : await keptOutcome(kept.outcome, kept.folder);
  if (kept !== null && known !== null) return { known, guestFolder: kept.folder };
  await held.reset();
  // With what a run that was killed has left mounted there.
  for (const folder of await held.otherGuestFolders()) await removeGuestFolder(folder);
  return { known: null, guestFolder: held.guestFolder };
}
