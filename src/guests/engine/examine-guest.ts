import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageSource } from '../../images/index.js';
import type { GuestMeans } from '../../model/plan.js';
import { openAnyGuest } from '../access/open-any-guest.js';
import type { OpenedGuest } from '../access/opened-guest.js';
import { createOverlays } from '../access/overlay.js';
import type { InspectedGuest } from '../fixups/fixup.js';
import { type GuestMachine, inspectGuest } from './inspect-guest.js';
import { accessOf, removeGuestFolder, WORK_FOLDER } from './mend-guest.js';

/** What is known of a guest without changing it. */
export interface ExaminedGuest {
  readonly guest: InspectedGuest;
  readonly backends: OpenedGuest['backends'];
  readonly problems: readonly string[];
}

export interface ExamineRequest extends GuestMachine {
  /** In the machine's order, the boot disk first. */
  readonly disks: readonly ImageSource[];
  readonly means: GuestMeans;
  /** Absolute path of a folder that is made for the time it takes. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/** Looks at a guest; its disks are opened for reading only. Rejects as `mendGuest` does; nothing is left behind. */
export async function examineGuest(request: ExamineRequest): Promise<ExaminedGuest> {
  const { folder, signal } = request;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const disks = await createOverlays(request.disks, folder, signal);
    const workFolder = join(folder, WORK_FOLDER);
    const opened = await openAnyGuest(disks, { ...accessOf(request.means), workFolder, signal });
    try {
      const { backends, problems } = opened;
      return { guest: await inspectGuest(opened, request), backends, problems };
    } finally {
      await opened.close();
    }
  } finally {
    await removeGuestFolder(folder);
  }
}
