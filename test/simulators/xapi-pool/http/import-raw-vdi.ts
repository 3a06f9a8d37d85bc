import type { Row } from '../database.js';
import { asFailure, XapiFailure } from '../failure.js';
import { type Attachment, attachToHost, createDisk } from '../repository.js';
import { textValue } from '../rpc/rpc-value.js';
import { xmlValue } from '../rpc/xml-text.js';
import type { Body } from '../streams/body.js';
import { takeChunks } from '../streams/chunked-stream.js';
import { DiskWriter } from '../streams/disk-writer.js';
import { takeQcow2 } from '../streams/qcow2-stream.js';
import { takeRaw } from '../streams/raw-stream.js';
import { takeVhd } from '../streams/vhd-stream.js';
import { errorPage, send } from './responses.js';
import {
  admitted,
  bodyOf,
  contentLength,
  early200,
  parameter,
  redirected,
  type Transfer,
  taskOf,
} from './transfer.js';

/** Whatever the program that writes the disk dies of, this is all that is told. */
const DEVICE_ERROR = new XapiFailure('VDI_IO_ERROR', ['Device I/O errors']);

function byRefOrUuid(transfer: Transfer, className: string, name: string | undefined): Row | undefined {
  const { database } = transfer.state;
  return name === undefined
    ? undefined
    : (database.find(className, name) ?? database.byUuid(className, name));
}

function refusal(transfer: Transfer, format: string): XapiFailure | undefined {
  const known = ['raw', 'vhd', 'tar', ...(transfer.state.faithful.qcow2 ? ['qcow2'] : [])];
  const encoding = transfer.request.headers.get('transfer-encoding');
  const chunked = transfer.request.query.has('chunked');
  if (!known.includes(format)) {
    return new XapiFailure('INTERNAL_ERROR', [`Failure("Unknown format ${format}")`]);
  }
  if (chunked && format !== 'raw') {
    return new XapiFailure('INTERNAL_ERROR', ['Failure("Chunked encoding is only supported with raw")']);
  }
  if (encoding !== undefined) {
    return new XapiFailure('INTERNAL_ERROR', [`Failure("Cannot handle encoding: ${encoding}")`]);
  }
  return undefined;
}

interface Decoding {
  readonly transfer: Transfer;
  readonly format: string;
  readonly task: string;
}

async function decode({ transfer, format, task }: Decoding, body: Body, disk: DiskWriter): Promise<void> {
  const { state, request } = transfer;
  const length = contentLength(transfer) ?? disk.size;
  const progress = (done: number): void => state.tasks.progress(task, done);
  if (request.query.has('chunked')) {
    await takeChunks(body, disk);
  } else if (format === 'vhd') {
    await takeVhd(body, disk, { length, corruptOddBlocks: state.faithful.corruptOddVhdBlocks, progress });
  } else if (format === 'qcow2') {
    await takeQcow2(body, disk);
  } else if (format === 'raw') {
    await takeRaw(body, disk, { length, shortTail: state.faithful.shortRawTail, progress });
  } else {
    throw new Error('tar is not simulated');
  }
}

/** Lets the helper work on an attached disk; throws VDI_IO_ERROR for whatever goes wrong with it. */
async function help(decoding: Decoding, body: Body, vdi: Row): Promise<void> {
  const disk = await DiskWriter.open(decoding.transfer.state, vdi);
  try {
    await decode(decoding, body, disk);
  } catch {
    throw DEVICE_ERROR;
  } finally {
    await disk.close();
  }
}

async function receive(decoding: Decoding, session: string, vdi: Row): Promise<void> {
  const { transfer, task } = decoding;
  const { state, host, socket } = transfer;
  const sr = state.database.get('SR', vdi.text('SR'));
  await send(socket, early200(task));
  let attached: Attachment | undefined;
  try {
    attached = await attachToHost(state, vdi, host.ref, 'RW');
    const chunked = transfer.request.query.has('chunked');
    const limit = chunked ? undefined : contentLength(transfer);
    // A request without a body only asks for the way: its sender comes again at once.
    if (limit === 0) {
      attached.leave();
    }
    await help(decoding, bodyOf(transfer, { session, task, sr }, limit), vdi);
    await attached.detach(false);
    state.tasks.succeed(task, xmlValue(textValue(vdi.ref)));
  } catch (error) {
    const failure = asFailure(error);
    attached?.leave();
    state.tasks.fail(task, failure);
    // Two more answers go into what the client takes for the body of the first.
    await send(socket, errorPage(400, failure) + errorPage(500, failure));
    await attached?.detach(true);
  }
}

/** `PUT /import_raw_vdi`: answers at once, then writes what comes; only the task tells how it ended. */
export async function importRawVdi(transfer: Transfer): Promise<void> {
  const { state, socket } = transfer;
  const session = await admitted(transfer, 'http/put_import_raw_vdi');
  if (session === undefined) {
    return;
  }
  const format = (parameter(transfer, 'format') ?? 'raw').toLowerCase();
  const given = byRefOrUuid(transfer, 'VDI', parameter(transfer, 'vdi'));
  const named = parameter(transfer, 'sr_id') ?? parameter(transfer, 'sr_uuid');
  const sr =
    given === undefined ? byRefOrUuid(transfer, 'SR', named) : state.database.get('SR', given.text('SR'));
  if (sr !== undefined && (await redirected(transfer, sr))) {
    return;
  }
  const task = taskOf(transfer, 'VDI.import');
  const refused = refusal(transfer, format);
  if (refused !== undefined) {
    state.tasks.fail(task, refused);
    await send(socket, errorPage(404, refused, { version: '1.0' }));
    return;
  }
  const length = contentLength(transfer);
  if (sr === undefined || (given === undefined && (format !== 'raw' || length === undefined))) {
    const missing = new XapiFailure('VDI_MISSING', [sr?.ref ?? '', '']);
    state.tasks.fail(task, missing);
    await send(socket, errorPage(400, missing));
    return;
  }
  const made = { name_label: 'Imported VDI', virtual_size: length ?? 0, type: 'user' };
  const vdi = given ?? (await createDisk(state, sr, made));
  await receive({ transfer, format, task }, session, vdi);
}
