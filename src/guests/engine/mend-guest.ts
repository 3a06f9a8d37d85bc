import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageSource } from '../../images/index.js';
import { SourceFile } from '../../io/source-file.js';
import type { KeyReference } from '../../model/destination.js';
import type { GuestMeans } from '../../model/plan.js';
import { openQcow2 } from '../../qcow2/index.js';
import { sweepWorkFolder } from '../access/host-mounts.js';
import { openAnyGuest } from '../access/open-any-guest.js';
import type { OpenedGuest } from '../access/opened-guest.js';
import { createOverlays, type GuestDisk, overlayName } from '../access/overlay.js';
import { applyEdits } from '../files/apply-edits.js';
import { madeEdit } from '../files/guest-edit.js';
import { StagedFiles } from '../files/staged-files.js';
import { fixupsOf } from '../fixups/all-fixups.js';
import type { Profile } from '../profiles/index.js';
import { type GuestRecord, writeGuestRecord } from './guest-record.js';
import { type GuestMachine, inspectGuest, profileFor } from './inspect-guest.js';
import { UndoFolder } from './undo-folder.js';

export interface GuestRequest extends GuestMachine {
  /** In the machine's order, the boot disk first. */
  readonly disks: readonly ImageSource[];
  /** Null: as inspection finds it. */
  readonly profile: Profile | null;
  readonly profiles: readonly Profile[];
  readonly means: GuestMeans;
  /** Absolute path of a folder of this guest's own; what an earlier run left there goes. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/** Where the guest's file systems are mounted, in its folder. */
export const WORK_FOLDER = 'work';
/** Where replaced bytes are kept, in its folder. */
export const UNDO_FOLDER = 'undo';

/**
 * Makes all fixups of a guest's profile on qcow2 overlays of its disks; the disks themselves are opened for reading
 * only. The fixups are planned as edits first, so that a refusal changes nothing; the record is written last and says
 * that the overlays are whole. Rejects with GUEST_*, PROFILE_INVALID, TOOL_*, TARGET_NO_SPACE, CANCELED and what
 * opening the disks rejects with; nothing is left then.
 */
export async function mendGuest(request: GuestRequest): Promise<GuestRecord> {
  const { folder } = request;
  await removeGuestFolder(folder);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const disks = await createOverlays(request.disks, folder, request.signal);
    const mended = await mendDisks(request, disks);
    const record = { ...mended, disks: await settleOverlays(disks) };
    await writeGuestRecord(folder, record);
    return record;
  } catch (error) {
    await removeGuestFolder(folder);
    throw error;
  }
}

/** Removes what mending a guest made. Nothing happens where nothing is. Rejects with TOOL_FAILED. */
export async function removeGuestFolder(folder: string): Promise<void> {
  // What is still mounted there must not be emptied.
  await sweepWorkFolder(join(folder, WORK_FOLDER));
  await rm(folder, { recursive: true, force: true });
}

async function mendDisks(
  request: GuestRequest,
  disks: readonly GuestDisk[],
): Promise<Omit<GuestRecord, 'disks'>> {
  const { folder, signal, means } = request;
  const opened = await openAnyGuest(disks, {
    ...accessOf(means),
    workFolder: join(folder, WORK_FOLDER),
    signal,
  });
  let mended: Omit<GuestRecord, 'disks'>;
  try {
    mended = await makeFixups(request, opened);
  } catch (error) {
    // The first error says what happened; what follows from it would only hide it.
    await opened.close().catch(() => {});
    throw error;
  }
  await opened.close();
  return mended;
}

async function makeFixups(request: GuestRequest, opened: OpenedGuest): Promise<Omit<GuestRecord, 'disks'>> {
  const guest = await inspectGuest(opened, request);
  const profile = profileFor(guest, request.profile, request.profiles);
  const staged = new StagedFiles(opened.files);
  const supplies = { toolsFolder: request.means.tools };
  const fixups: GuestRecord['fixups'][number][] = [];
  for (const { id, title, run } of fixupsOf(profile)) {
    request.signal?.throwIfAborted();
    fixups.push({ id, title, ...(await run(guest, staged, supplies)) });
  }
  const edits = await staged.edits();
  request.signal?.throwIfAborted();
  await applyEdits(opened.files, edits, new UndoFolder(join(request.folder, UNDO_FOLDER)));
  const { family, distribution, version, title, architecture } = guest;
  return {
    version: 1,
    system: { family, distribution, version, title, architecture },
    profile: profile.id,
    fixups,
    edits: edits.map(madeEdit),
    backends: { ...opened.backends },
    problems: opened.problems,
  };
}

/** How the guest may be opened. */
export function accessOf({ luksKeys, isolate }: Omit<GuestMeans, 'tools'>): {
  keys: readonly KeyReference[];
  isolate: boolean;
} {
  return { keys: luksKeys, isolate };
}

/** Makes changed overlays durable; unchanged ones go, so that their disks are converted as they are. */
async function settleOverlays(disks: readonly GuestDisk[]): Promise<GuestRecord['disks']> {
  const settled: GuestRecord['disks'][number][] = [];
  for (const [index, { source, overlay }] of disks.entries()) {
    const { format, location } = source;
    const changed = await isChanged(overlay);
    if (changed) await syncFile(overlay);
    else await rm(overlay);
    settled.push({
      source: {
        format,
        location:
          location.kind === 'files' ? { kind: 'files', ranges: [...location.ranges] } : { kind: 'elsewhere' },
      },
      overlay: changed ? overlayName(index) : null,
    });
  }
  return settled;
}

async function isChanged(overlay: string): Promise<boolean> {
  const image = await openQcow2(SourceFile.openWhole(overlay, 'QCOW2_INVALID'));
  try {
    let changed = false;
    await image.visitRanges(() => {
      changed = true;
    });
    return changed;
  } finally {
    image.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
