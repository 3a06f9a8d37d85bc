import { type FileHandle, open } from 'node:fs/promises';
import type { Row } from '../database.js';
import { type Disk, GRAIN } from '../disk-store.js';
import { XapiFailure } from '../failure.js';
import { type Attachment, attachToHost } from '../repository.js';
import { type Base, changedGrains } from '../streams/changed-grains.js';
import { SlowLink } from '../streams/slow-link.js';
import { vhdPieces } from '../streams/vhd-export.js';
import { errorPage, headText, send } from './responses.js';
import { admitted, parameter, redirected, type Transfer, taskOf, tripsOf } from './transfer.js';

const TYPES: Readonly<Record<string, string>> = {
  raw: 'application/octet-stream',
  vhd: 'application/vhd',
};

/** The whole disk; of a delta what did not change comes as zeros. */
async function* rawPieces(disk: Disk, file: FileHandle, base?: Base): AsyncGenerator<Buffer> {
  const changed = base === undefined ? undefined : new Set(await changedGrains(disk, file, base));
  for (let offset = 0; offset < disk.size; offset += GRAIN) {
    const piece = Buffer.alloc(Math.min(GRAIN, disk.size - offset));
    if (changed?.has(offset) !== false) {
      await file.read(piece, 0, piece.length, offset);
    }
    yield piece;
  }
}

interface Sending {
  readonly transfer: Transfer;
  readonly disk: Disk;
  readonly base?: Base;
  readonly format: string;
  readonly session: string;
  readonly task: string;
}

async function sendDisk({ transfer, disk, base, format, session, task }: Sending): Promise<void> {
  const { socket, faults, state } = transfer;
  const trips = tripsOf(transfer, { session, task });
  const slow = faults.find(({ kind }) => kind === 'slow');
  const rate = slow?.kind === 'slow' ? slow.bytesPerSecond : undefined;
  const link = rate === undefined ? undefined : new SlowLink(rate);
  const file = await open(disk.path, 'r');
  let sent = 0;
  try {
    for await (const piece of format === 'vhd' ? vhdPieces(disk, file, base) : rawPieces(disk, file, base)) {
      for (let left: Buffer = piece; left.length > 0; ) {
        const [trip] = trips;
        const part = left.subarray(0, trip === undefined ? left.length : Math.max(0, trip.afterBytes - sent));
        await send(socket, part);
        sent += part.length;
        left = left.subarray(part.length);
        if (trip !== undefined && sent >= trip.afterBytes) {
          trips.shift();
          trip.act();
        }
        await link?.pass(part.length);
      }
      state.tasks.progress(task, sent / disk.size);
      if (socket.destroyed) {
        throw new Error('the connection is gone');
      }
    }
  } finally {
    await file.close();
  }
}

function byRefOrUuid({ state }: Transfer, name: string): Row {
  return state.database.find('VDI', name) ?? state.database.byUuid('VDI', name);
}

/** `GET /export_raw_vdi`: a disk's content, or what of it is not in another disk, as raw bytes or as a VHD. */
export async function exportRawVdi(transfer: Transfer): Promise<void> {
  const { state, socket, host } = transfer;
  const session = await admitted(transfer, 'http/get_export_raw_vdi');
  if (session === undefined) {
    return;
  }
  const vdi = byRefOrUuid(transfer, parameter(transfer, 'vdi') ?? '');
  if (await redirected(transfer, state.database.get('SR', vdi.text('SR')))) {
    return;
  }
  const task = taskOf(transfer, 'VDI.export');
  const format = (parameter(transfer, 'format') ?? 'raw').toLowerCase();
  const [type, disk] = [TYPES[format], state.disks.get(vdi.ref)];
  if (type === undefined || disk === undefined) {
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
  const attached: Attachment[] = [];
  try {
    attached.push(await attachToHost(state, vdi, host.ref, 'RO'));
    const named = parameter(transfer, 'base');
    const below = named === undefined ? undefined : byRefOrUuid(transfer, named);
    const base = below && { disk: state.disks.get(below.ref), uuid: below.text('uuid') };
    if (below !== undefined) {
      attached.push(await attachToHost(state, below, host.ref, 'RO'));
    }
    const sending = { transfer, disk, format, session, task };
    await sendDisk(base?.disk === undefined ? sending : { ...sending, base: { ...base, disk: base.disk } });
    await Promise.all(attached.map(({ detach }) => detach(false)));
    state.tasks.succeed(task, '');
  } catch (error) {
    state.tasks.fail(
      task,
      error instanceof XapiFailure ? error : new XapiFailure('VDI_IO_ERROR', ['Device I/O errors']),
    );
    await Promise.all(attached.map(({ detach }) => detach(true)));
  }
}
