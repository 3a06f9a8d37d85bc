import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiskImage } from '../disk-image/index.js';
import { type ImageSource, openImage } from '../images/index.js';
import { type ServedImages, serveImages } from '../nbd/index.js';

/**
 * Has all disks where QEMU can open them while `use` runs: those that only we can read are served to it by this thread,
 * which must not be blocked meanwhile, each under a twin's name. Where reading one fails, that is what it rejects with,
 * whatever `use` made of it; else as `use` does, and as opening the disks.
 */
export async function withServedDisks<T>(
  disks: readonly ImageSource[],
  signal: AbortSignal,
  use: (twins: readonly ImageSource[]) => Promise<T>,
): Promise<T> {
  const remote = disks.filter(isOutOfReach);
  if (remote.length === 0) return await use(disks);
  // Nobody but us may enter it, and its path is short, as a socket's must be.
  const folder = await mkdtemp(join(tmpdir(), 'xenferry-nbd-'));
  try {
    const served = await serveImages(await openImages(remote, signal), join(folder, 'socket'), signal);
    const twins = disks.map(
      (disk): ImageSource =>
        isOutOfReach(disk)
          ? { format: 'raw', location: { kind: 'nbd', uri: served.uri(remote.indexOf(disk)) } }
          : disk,
    );
    return await closedAfter(served, use(twins));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Who works on a guest tells of I/O errors at best, or gets over them: what counts is what reading the disk met. */
async function closedAfter<T>(served: ServedImages, using: Promise<T>): Promise<T> {
  const [outcome] = await Promise.allSettled([using]);
  await served.close();
  if (served.failure !== null) throw served.failure;
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

/** QEMU connects as often as it likes: where few may, it is we who do. */
function isOutOfReach({ location }: ImageSource): boolean {
  if (location.kind === 'nbd') return location.connections !== undefined;
  return location.kind !== 'files';
}

async function openImages(sources: readonly ImageSource[], signal: AbortSignal): Promise<DiskImage[]> {
  const images: DiskImage[] = [];
  try {
    for (const source of sources) images.push(await openImage(source, signal));
    return images;
  } catch (error) {
    for (const image of images) image.close();
    throw error;
  }
}
