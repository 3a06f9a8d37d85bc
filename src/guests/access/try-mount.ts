import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MIB } from '../../model/units.js';
import { sweepWorkFolder } from './host-mounts.js';
import { createOverlay, overlayName } from './overlay.js';
import { openDiskStore } from './storage-daemon.js';

/**
 * Shows an empty disk as a file by FUSE and takes it down again, as is done with each volume of a guest. Rejects with
 * TOOL_MISSING, TOOL_FAILED, TARGET_*: what stands against it on this machine, for this user.
 */
export async function tryMount(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'xenferry-fuse-'));
  try {
    const path = join(folder, 'disk.raw');
    await writeFile(path, '');
    await truncate(path, MIB);
    const location = { kind: 'files', ranges: [{ path, offset: 0, length: MIB }] } as const;
    const disk = await createOverlay({ format: 'raw', location }, join(folder, overlayName(0)));
    const store = await openDiskStore([disk], folder);
    try {
      await (await store.expose([{ name: 'volume', disk: 0, offset: 0, length: MIB }])).close();
    } finally {
      await store.close();
    }
  } catch (error) {
    // The first error says what happened; what follows from it would only hide it.
    await sweepWorkFolder(folder).catch(() => {});
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}
