import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageFormat, type ImageSource, readImageInfo } from '../../images/index.js';
import { XenferryError } from '../../model/errors.js';
import { roundUp, SECTOR_BYTES } from '../../model/units.js';
import type { FileRange } from '../../model/virtual-machine.js';
import { qemuImgInfo } from '../../qemu-img/index.js';
import { runTool } from '../tools/run-tool.js';

/** A block node as QEMU takes it: `--blockdev` and `json:` names alike. */
export type BlockNode = { readonly [option: string]: string | number | boolean | null | BlockNode };

/** A disk with the layer that takes the changes. */
export interface GuestDisk {
  readonly source: ImageSource;
  /** Absolute path of the qcow2 overlay. */
  readonly overlay: string;
}

const QEMU_FORMATS: Record<ImageFormat, string> = { vmdk: 'vmdk', vhd: 'vpc', qcow2: 'qcow2', raw: 'raw' };
/** What a qcow2 header has room for (docs/interop/qcow2.txt of QEMU). */
const MAX_BACKING_NAME = 1023;

/**
 * Makes an empty qcow2 overlay on a disk; one that exists is replaced. The disk is opened by our own reader first,
 * which refuses extents and parents outside of the disk's folder; QEMU never sees one that was refused, and must see
 * the same size. Rejects with what `readImageInfo` rejects with, GUEST_REFUSED for a disk that is not in one file's
 * range on this machine, TOOL_*, TARGET_NO_SPACE, CANCELED.
 */
export async function createOverlay(
  source: ImageSource,
  overlay: string,
  signal?: AbortSignal,
): Promise<GuestDisk> {
  const { capacityBytes } = await readImageInfo(source);
  const backing = backingNode(source);
  const { path, offset } = onlyRange(source);
  const name = offset === 0 ? `file:${path}` : `json:${JSON.stringify(backing)}`;
  if (Buffer.byteLength(name) > MAX_BACKING_NAME) {
    throw new XenferryError('CONFIG_INVALID', 'the path of the disk is too long for a qcow2 layer', {
      file: path,
    });
  }
  await rm(overlay, { force: true });
  const bytes = roundUp(capacityBytes, SECTOR_BYTES);
  const format = QEMU_FORMATS[source.format];
  const args = ['create', '-q', '-f', 'qcow2', '-F', format, '-b', name, `file:${overlay}`];
  await runTool('qemu-img', args, { signal });
  const { virtualBytes } = await qemuImgInfo(overlay, { signal });
  if (virtualBytes !== bytes) {
    await rm(overlay, { force: true });
    const message = `QEMU sees a disk of ${virtualBytes} bytes where there are ${bytes}; it cannot be changed`;
    throw new XenferryError('GUEST_REFUSED', message, { file: path, hint: 'Convert it without fixups.' });
  }
  return { source, overlay };
}

/** File name of the overlay of a machine's disk, by its index. */
export function overlayName(disk: number): string {
  return `disk${disk}.qcow2`;
}

/** Empty overlays on all disks of a machine, in a folder that exists. Rejects as `createOverlay` does. */
export async function createOverlays(
  sources: readonly ImageSource[],
  folder: string,
  signal?: AbortSignal,
): Promise<GuestDisk[]> {
  const disks: GuestDisk[] = [];
  for (const [index, source] of sources.entries()) {
    disks.push(await createOverlay(source, join(folder, overlayName(index)), signal));
  }
  return disks;
}

/** The disk below the overlay, for QEMU, opened for reading only at each level. */
export function backingNode(source: ImageSource): BlockNode {
  const { path, offset, length } = onlyRange(source);
  const file: BlockNode = { driver: 'file', filename: path, 'read-only': true };
  const part: BlockNode =
    source.format === 'raw' || offset > 0
      ? { driver: 'raw', offset, size: length, file, 'read-only': true }
      : file;
  return source.format === 'raw'
    ? part
    : { driver: QEMU_FORMATS[source.format], file: part, 'read-only': true };
}

function onlyRange({ location }: ImageSource): FileRange {
  const ranges = location.kind === 'files' ? location.ranges : [];
  const [only] = ranges;
  if (only !== undefined && ranges.length === 1) return only;
  const message = 'a guest can be changed only on a disk that lies in one piece on this machine';
  throw new XenferryError('GUEST_REFUSED', message, {
    hint: 'Copy the disk to this machine, or convert it without fixups.',
  });
}
