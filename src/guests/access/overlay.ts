import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageFormat, type ImageSource, readImageInfo } from '../../images/index.js';
import { XenferryError } from '../../model/errors.js';
import { roundUp, SECTOR_BYTES } from '../../model/units.js';
import type { FileRange } from '../../model/virtual-machine.js';
import { parseNbdUri } from '../../nbd/index.js';
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
 * the same size. Rejects with what `readImageInfo` rejects with, GUEST_REFUSED for a disk that is neither in one file's
 * range on this machine nor served over NBD, TOOL_*, TARGET_NO_SPACE, CANCELED.
 */
export async function createOverlay(
  source: ImageSource,
  overlay: string,
  signal?: AbortSignal,
): Promise<GuestDisk> {
  const { capacityBytes } = await readImageInfo(source);
  const file = shownPlace(source);
  const name = backingName(source);
  if (Buffer.byteLength(name) > MAX_BACKING_NAME) {
    throw new XenferryError('CONFIG_INVALID', 'the path of the disk is too long for a qcow2 layer', { file });
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
    throw new XenferryError('GUEST_REFUSED', message, { file, hint: 'Convert it without fixups.' });
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
  const { format, location } = source;
  const file = location.kind === 'nbd' ? exportNode(location.uri) : rangeNode(onlyRange(source), format);
  const isDisk = format === 'raw' && location.kind !== 'nbd';
  return isDisk ? file : { driver: QEMU_FORMATS[format], file, 'read-only': true };
}

function rangeNode({ path, offset, length }: FileRange, format: ImageFormat): BlockNode {
  const file: BlockNode = { driver: 'file', filename: path, 'read-only': true };
  return format === 'raw' || offset > 0
    ? { driver: 'raw', offset, size: length, file, 'read-only': true }
    : file;
}

function exportNode(uri: string): BlockNode {
  const { address, exportName } = parseNbdUri(uri);
  const server: BlockNode =
    'path' in address
      ? { type: 'unix', path: address.path }
      : { type: 'inet', host: address.host, port: String(address.port) };
  return { driver: 'nbd', server, export: exportName, 'read-only': true };
}

/** The disk as the overlay's header names it. */
function backingName(source: ImageSource): string {
  if (source.location.kind === 'nbd') return `json:${JSON.stringify(backingNode(source))}`;
  const { path, offset } = onlyRange(source);
  return offset === 0 ? `file:${path}` : `json:${JSON.stringify(backingNode(source))}`;
}

function shownPlace(source: ImageSource): string {
  return source.location.kind === 'nbd' ? parseNbdUri(source.location.uri).shown : onlyRange(source).path;
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
