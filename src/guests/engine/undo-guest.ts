import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageSource } from '../../images/index.js';
import { XenferryError } from '../../model/errors.js';
import type { GuestMeans } from '../../model/plan.js';
import { openAnyGuest } from '../access/open-any-guest.js';
import { createOverlay, type GuestDisk, overlayName } from '../access/overlay.js';
import { undoEdits } from '../files/apply-edits.js';
import { type GuestRecord, readGuestRecord } from './guest-record.js';
import { accessOf, UNDO_FOLDER, WORK_FOLDER } from './mend-guest.js';
import { UndoFolder } from './undo-folder.js';

/**
 * Takes back in the overlays of a mended guest what its record says, so that every file is again as VMware had it.
 * May be repeated. Rejects with SOURCE_NOT_FOUND when the folder has no record, CONFIG_INVALID, GUEST_* (also for a
 * guest whose disks are not on this machine), TOOL_*, CANCELED.
 */
export async function undoGuest(
  folder: string,
  means: GuestMeans,
  signal?: AbortSignal,
): Promise<GuestRecord> {
  const record = await readGuestRecord(folder);
  if (record === null) {
    throw new XenferryError('SOURCE_NOT_FOUND', 'no guest was mended here', { file: folder });
  }
  const disks: GuestDisk[] = [];
  const unchanged: string[] = [];
  for (const [index, { source: recorded, overlay }] of record.disks.entries()) {
    const source = imageOf(recorded);
    const path = join(folder, overlay ?? overlayName(index));
    if (overlay === null) unchanged.push(path);
    disks.push(overlay === null ? await createOverlay(source, path, signal) : { source, overlay: path });
  }
  try {
    const workFolder = join(folder, WORK_FOLDER);
    const opened = await openAnyGuest(disks, { ...accessOf(means), workFolder, signal });
    try {
      await undoEdits(opened.files, record.edits, new UndoFolder(join(folder, UNDO_FOLDER)));
    } finally {
      await opened.close();
    }
  } finally {
    for (const path of unchanged) await rm(path, { force: true });
  }
  return record;
}

function imageOf({ format, location }: GuestRecord['disks'][number]['source']): ImageSource {
  if (location.kind === 'files') return { format, location };
  throw new XenferryError('GUEST_REFUSED', 'the disk below the layer is not on this machine', {
    hint: 'Convert the disk without the layer: it was only read.',
  });
}
