import { type FileHandle, open } from 'node:fs/promises';
import type { Disk } from '../disk-store.js';
import { asFailure, XapiFailure } from '../failure.js';
import { attachToHost } from '../repository.js';
import { vhdPieces } from '../streams/vhd-export.js';
import { errorPage, headText, send } from './responses.js';
import { admitted, parameter, redirected, type Transfer, taskOf } from './transfer.js';

const PIECE = 2 * 1024 * 1024;

const TYPES: Readonly<Record<string, string>> = {
  raw: 'application/octet-stream',
  vhd: 'application/vhd',
};

async function* rawPieces(disk: Disk, file: FileHandle): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < disk.size; offset += PIECE) {
    const piece = Buffer.alloc(Math.min(PIECE, disk.size - offset));
    await file.read(piece, 0, piece.length, offset);
    yield piece;
  }
}

async function sendDisk(transfer: Transfer, disk: Disk, format: string): Promise<void> {
  const { socket, faults } = transfer;
  const cut = faults.find(({ kind }) => kind === 'cut');
  let left = cut?.kind === 'cut' ? (cut.afterBytes ?? 0) : Number.POSITIVE_INFINITY;
  const file = await open(disk.path, 'r');
  try {
    for await (const piece of format === 'vhd' ? vhdPieces(disk, file) : rawPieces(disk, file)) {
      await send(socket, piece.subarray(0, Math.min(left, piece.length)));
      left -= piece.length;
      if (left <= 0 || socket.destroyed) {
        socket.destroy();
        throw new Error('the connection was cut');
      }
    }
  } finally {
    await file.close();
  }
}

/** `GET /export_raw_vdi`: a disk's content as raw bytes or as a VHD. */
export async function exportRawVdi(transfer: Transfer): Promise<void> {
  const { state, socket, host } = transfer;
  if ((await admitted(transfer, 'http/get_export_raw_vdi')) === undefined) {
    return;
  }
  const name = parameter(transfer, 'vdi') ?? '';
  const vdi = state.database.find('VDI', name) ?? state.database.byUuid('VDI', name);
  if (await redirected(transfer, state.database.get('SR', vdi.text('SR')))) {
    return;
  }
  const task = taskOf(transfer, 'VDI.export');
  const format = (parameter(transfer, 'format') ?? 'raw').toLowerCase();
  const [type, disk] = [TYPES[format], state.disks.get(vdi.ref)];
  if (type === undefined || disk === undefined || transfer.request.query.has('base')) {
    const failure = new XapiFailure('INTERNAL_ERROR', [`Failure("Unknown format ${format}")`]);
    state.tasks.fail(task, failure);
    await send(socket, errorPage(404, failure, { version: '1.0' }));
    return;
  }
  const headers = [
    'Connection: close',
    'Cache-Control: no-cache, no-store',
    `task-id:${task}`,
    `content-type: ${type}`,
    `content-disposition: attachment; filename="${vdi.text('uuid')}.${format}"`,
  ];
  await send(socket, headText({ status: 200, headers }));
  let detach = async (): Promise<void> => {};
  try {
    detach = attachToHost(state, vdi, host.ref, 'RO');
    await sendDisk(transfer, disk, format);
    state.tasks.succeed(task, '');
  } catch (error) {
    const failure =
      error instanceof XapiFailure ? error : new XapiFailure('VDI_IO_ERROR', ['Device I/O errors']);
    state.tasks.fail(task, asFailure(failure));
  }
  await detach();
}
