import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { FIX, type GuestRecord, readGuestRecord } from '../guests/index.js';
import type { Profile } from '../guests/profiles/index.js';
import type { ImageSource } from '../images/index.js';
import type { RecordedError } from '../ledger/index.js';
import { toXenferryError } from '../model/errors.js';
import type { GuestMeans, PlannedMachine } from '../model/plan.js';
import { type WorkerThreadsPool, withCancelFlag } from '../worker-threads-pool/index.js';
import { withServedDisks } from './served-disks.js';

/** What came of a machine's fixups; plain data. */
export type GuestOutcome =
  /** None were wanted, or its profile has none. */
  | { readonly kind: 'none' }
  | { readonly kind: 'mended'; readonly record: GuestRecord }
  /** The guest is converted as it is, for this reason. */
  | { readonly kind: 'left'; readonly reason: Pick<RecordedError, 'code' | 'message' | 'hint'> };

export interface MachineFixing {
  readonly planned: PlannedMachine;
  readonly profiles: readonly Profile[];
  readonly guests: GuestMeans;
  /** Absolute path of a folder of this guest's own. */
  readonly folder: string;
  readonly pool: WorkerThreadsPool;
  readonly signal: AbortSignal;
}

/** Whether anything is to be done to the machine's guest at all. Of one nobody knows the disks may tell more. */
export function wantsFixups({ fixups, profile }: PlannedMachine, profiles: readonly Profile[]): boolean {
  const known = profiles.find(({ id }) => id === profile.id);
  return fixups !== 'off' && known !== undefined && (known.fixups.length > 0 || isAnyGuest(known));
}

function isAnyGuest({ precision }: Profile): boolean {
  return precision === 'none';
}

/**
 * Mends the guest on overlays of its disks, in a thread. A guest that is not known is left as it is, and one that
 * cannot be mended where the plan says so; else rejects with GUEST_*, TOOL_* and what opening and reading the disks
 * rejects with.
 */
export async function fixMachine(
  { planned, profiles, guests: means, folder, pool, signal }: MachineFixing,
  disks: readonly ImageSource[],
): Promise<GuestOutcome> {
  if (!wantsFixups(planned, profiles)) return { kind: 'none' };
  const { firmware, nics } = planned.machine;
  const profile = profiles.find(({ id }) => id === planned.profile.id) ?? null;
  // What the pool makes up later is no address to pin a name to.
  const kept = nics.map((nic, index) => ({ ...nic, mac: planned.nics[index]?.mac ?? null }));
  try {
    const record = await withCancelFlag(signal, (canceled) =>
      withServedDisks(disks, signal, (twins) =>
        pool.run(FIX, { disks: twins, firmware, nics: kept, profile, profiles, means, folder, canceled }),
      ),
    );
    return { kind: 'mended', record };
  } catch (error) {
    const { code, message, hint } = toXenferryError(error);
    const mayBeLeft = planned.fixups === 'attempted' || profile === null || isAnyGuest(profile);
    const isLeft = code === 'GUEST_UNRECOGNIZED' || (mayBeLeft && isAboutGuest(error));
    if (signal.aborted || !isLeft) throw error;
    return { kind: 'left', reason: { code, message, hint } };
  }
}

/** Where an earlier run left everything that going on needs; null means that it must be done again. */
export async function keptOutcome(recorded: string, folder: string): Promise<GuestOutcome | null> {
  const outcome: GuestOutcome = JSON.parse(recorded);
  if (outcome.kind !== 'mended') return outcome;
  const whole = (await readGuestRecord(folder).catch(() => null)) !== null;
  return whole && (await haveOverlays(outcome.record, folder)) ? outcome : null;
}

/** The disks with what was changed on them. */
export function mendedDisks(
  disks: readonly ImageSource[],
  outcome: GuestOutcome,
  folder: string,
): ImageSource[] {
  if (outcome.kind !== 'mended') return [...disks];
  return disks.map((disk, index) => {
    const overlay = outcome.record.disks[index]?.overlay ?? null;
    return overlay === null ? disk : { ...disk, overlay: join(folder, overlay) };
  });
}

function isAboutGuest(error: unknown): boolean {
  const { category } = toXenferryError(error);
  return category === 'guest' || category === 'tool';
}

async function haveOverlays({ disks }: GuestRecord, folder: string): Promise<boolean> {
  const names = disks.flatMap(({ overlay }) => overlay ?? []);
  const found = await Promise.all(
    names.map((name) =>
      access(join(folder, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}
