import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkSocketPath } from '../../io/socket-path.js';
import { type Daemon, startDaemon } from './daemon.js';
import { unmount } from './host-mounts.js';
import { type BlockNode, backingNode, type GuestDisk } from './overlay.js';

/** A range of a disk that becomes a raw file. */
export interface RawFile {
  /** A plain file name, our own. */
  readonly name: string;
  /** Index of the disk. */
  readonly disk: number;
  /** Bytes. */
  readonly offset: number;
  readonly length: number;
}

/** The overlays, held open and served. */
export interface DiskStore {
  /** NBD URI of a disk, for reading its tables. */
  uri(disk: number): string;
  /** The same for programs that take no URI: the socket's absolute path and the export's name. */
  exportOf(disk: number): NbdExport;
  /** Shows ranges of the disks as writable raw files in the work folder. Rejects as `openDiskStore` does. */
  expose(files: readonly RawFile[], signal?: AbortSignal): Promise<ExposedFiles>;
  /** Ends the daemon, which writes everything out first; what is exposed must be closed. */
  close(): Promise<void>;
}

export interface NbdExport {
  readonly socket: string;
  readonly exportName: string;
}

export interface ExposedFiles {
  /** Absolute path of a raw file by its name. */
  path(name: string): string;
  close(): Promise<void>;
}

/**
 * Opens disks under their overlays, writable, in a work folder of our own. The disks below are opened for reading only.
 *
 * Two storage daemons work together: a FUSE export in QEMU 7.2 wants the right to resize its node, which no other user
 * of the same overlay may have, so several partitions of one disk cannot be exported by the daemon that has it open.
 * The first holds the overlays and serves them over NBD on a socket, which many may write to; the second has one
 * connection for each partition, cuts the range out and shows it as a file by FUSE. Neither needs root.
 *
 * Rejects with TOOL_MISSING, TOOL_FAILED, GUEST_REFUSED, CANCELED.
 */
export async function openDiskStore(
  disks: readonly GuestDisk[],
  workFolder: string,
  signal?: AbortSignal,
): Promise<DiskStore> {
  const socket = join(workFolder, 'nbd');
  checkSocketPath(socket);
  await rm(socket, { force: true });
  const args = disks.flatMap((disk, index) => [
    '--blockdev',
    JSON.stringify(overlayNode(disk, `disk${index}`)),
  ]);
  args.push('--nbd-server', `addr.type=unix,addr.path=${doubledCommas(socket)},max-connections=0`);
  for (const index of disks.keys()) {
    args.push('--export', `type=nbd,id=disk${index},node-name=disk${index},name=disk${index},writable=on`);
  }
  const daemon = await startStorageDaemon('store', args, workFolder, signal);
  return {
    uri: (disk) => `nbd+unix:///disk${disk}?socket=${encodeURIComponent(socket)}`,
    exportOf: (disk) => ({ socket, exportName: `disk${disk}` }),
    expose: (files, aborted) => exposeFiles(files, socket, workFolder, aborted),
    close: () => daemon.stop(),
  };
}

async function exposeFiles(
  files: readonly RawFile[],
  socket: string,
  workFolder: string,
  signal: AbortSignal | undefined,
): Promise<ExposedFiles> {
  const path = (name: string) => join(workFolder, name);
  const args: string[] = [];
  for (const [index, { name, disk, offset, length }] of files.entries()) {
    // FUSE mounts a file on a file.
    await writeFile(path(name), '');
    const server = { type: 'unix', path: socket };
    const connection = { driver: 'nbd', server, export: `disk${disk}` };
    const node = { driver: 'raw', 'node-name': `file${index}`, offset, size: length, file: connection };
    args.push('--blockdev', JSON.stringify(node));
    const target = doubledCommas(path(name));
    args.push(
      '--export',
      `type=fuse,id=file${index},node-name=file${index},mountpoint=${target},writable=on`,
    );
  }
  const daemon = files.length === 0 ? null : await startStorageDaemon('view', args, workFolder, signal);
  return {
    path,
    close: async () => {
      await daemon?.stop();
      // The daemon takes its mounts down itself; one that somebody still holds open stays.
      for (const { name } of [...files].reverse()) await unmount(path(name));
      for (const { name } of files) await rm(path(name), { force: true });
    },
  };
}

function overlayNode({ source, overlay }: GuestDisk, name: string): BlockNode {
  return {
    driver: 'qcow2',
    'node-name': name,
    file: { driver: 'file', filename: overlay },
    // Named here, whatever the overlay's header names.
    backing: backingNode(source),
  };
}

async function startStorageDaemon(
  name: string,
  args: readonly string[],
  workFolder: string,
  signal: AbortSignal | undefined,
): Promise<Daemon> {
  const pidFile = join(workFolder, `${name}.ready`);
  await rm(pidFile, { force: true });
  // The pid file is written when every export stands.
  const ready = () =>
    stat(pidFile).then(
      ({ size }) => size > 0,
      () => false,
    );
  return await startDaemon(
    'qemu-storage-daemon',
    [...args, '--pidfile', pidFile],
    join(workFolder, name),
    ready,
    signal,
  );
}

/** In QEMU's option lists a comma in a value is written twice. */
function doubledCommas(text: string): string {
  return text.replaceAll(',', ',,');
}
