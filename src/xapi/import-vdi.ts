import type { ClientRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { XenferryError } from '../model/errors.js';
import { type OpenPut, openPut } from './open-put.js';
import type { Ref } from './records.js';
import { redirectAddress } from './redirect-address.js';
import { finishTask, taskOutcome } from './tasks.js';
import type { XapiClient } from './xapi-client.js';

/** How the bytes are framed: records with offsets of their own, or an image. */
export type ImportFormat = 'chunked' | 'vhd' | 'qcow2';

/** How often, and how long apart in milliseconds, a broken upload's task is asked why. */
const REASON_LOOKS = 10;
const REASON_PAUSE = 1_000;
/** Milliseconds between the end of a connection and the latest news of its task. */
const LAST_WORD = 60_000;

export interface VdiImport {
  /** `host.address` of a member that is attached to the VDI's repository. */
  readonly address: string;
  readonly vdi: Ref;
  readonly format: ImportFormat;
  /** Exact for images. Of records it is the most there may be: their own end counts. */
  readonly byteLength: number;
  /** A piece is done with when the next is asked for. */
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

/**
 * Fills a VDI that nobody has written to yet. Resolves when the pool says that all is stored: HTTP has said 200 before
 * the first byte. Rejects with the task's fault, POOL_UPLOAD_FAILED, POOL_UNAUTHORIZED, POOL_TASK_LOST, CANCELED, as
 * `XapiClient.call` does, or with what `pieces` fails with; nothing that was sent counts then.
 */
export async function importVdi(client: XapiClient, upload: VdiImport): Promise<void> {
  const { signal, vdi } = upload;
  const task = await client.call('task.create', ['Xenferry: disk import', vdi], { signal });
  const connection = new AbortController();
  try {
    const put = await sendAll(client, upload, task, AbortSignal.any([signal, connection.signal]));
    await outcomeOf(client, put, task, signal);
  } catch (error) {
    await client.call('task.destroy', [task]).catch(() => {});
    if (signal.aborted) throw new XenferryError('CANCELED', 'the disk import was stopped', { cause: error });
    throw error;
  } finally {
    connection.abort();
  }
}

/** Sends to the named host, or to the one that it names in turn: it has read nothing then. */
async function sendAll(
  client: XapiClient,
  upload: VdiImport,
  task: Ref,
  signal: AbortSignal,
): Promise<OpenPut> {
  let { address } = upload;
  for (let redirected = false; ; redirected = true) {
    const session = await client.sessionRef();
    const query = new URLSearchParams({ session_id: session, task_id: task, vdi: upload.vdi });
    if (upload.format === 'chunked') query.set('chunked', 'true');
    else query.set('format', upload.format);
    const path = `/import_raw_vdi?${query}`;
    const put = await openPut(client, { address, path, byteLength: upload.byteLength, signal });
    if (put.status === 200) {
      await sendBody(client, put, upload, task);
      return put;
    }
    put.request.destroy();
    if (put.status === 401) await client.forgetSession(session);
    const next = put.status === 302 && !redirected ? redirectAddress(put.location) : null;
    if (next === null) throw refusedUpload(put.status, client);
    address = next;
  }
}

/** The host hung up, or takes nothing more. */
class ConnectionLost extends Error {}

async function sendBody(client: XapiClient, put: OpenPut, upload: VdiImport, task: Ref): Promise<void> {
  const lost = put.ended.then(() => {
    throw new ConnectionLost();
  });
  try {
    await Promise.race([writePieces(put.request, upload.pieces, client.patience.idle), lost]);
  } catch (error) {
    put.request.destroy();
    if (!(error instanceof ConnectionLost)) throw error;
    throw await whyBroken(client, task, upload.signal);
  }
}

async function writePieces(
  put: ClientRequest,
  pieces: AsyncIterable<Uint8Array>,
  idleMs: number,
): Promise<void> {
  for await (const piece of pieces) await writeAll(put, piece, idleMs);
}

/**
 * Resolves when the kernel has taken the bytes, so that their memory may be used again. A request that is gone does not
 * always say so to who writes: its end counts as well, or the timer would keep the process.
 */
async function writeAll(put: ClientRequest, piece: Uint8Array, idleMs: number): Promise<void> {
  if (put.destroyed) throw new ConnectionLost();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => put.destroy(), idleMs);
    const end = (isTaken: boolean) => {
      clearTimeout(timer);
      put.off('close', onClose);
      if (isTaken) resolve();
      else reject(new ConnectionLost());
    };
    const onClose = () => end(false);
    put.once('close', onClose);
    put.write(piece, (error) => end(error === null || error === undefined));
  });
}

/**
 * The task's word. A host that hangs up has given it already, so that a task that goes on then was forgotten by a host
 * that went down.
 */
async function outcomeOf(client: XapiClient, put: OpenPut, task: Ref, signal: AbortSignal): Promise<void> {
  const given = new AbortController();
  const forgotten = new AbortController();
  void put.ended
    .then(() => delay(LAST_WORD * client.patience.pauseScale, undefined, { signal: given.signal }))
    .then(() => forgotten.abort())
    .catch(() => {});
  try {
    const watched = AbortSignal.any([signal, forgotten.signal]);
    await finishTask(client, task, 'disk import', { signal: watched });
  } catch (error) {
    if (!forgotten.signal.aborted) throw error;
    throw new XenferryError('POOL_TASK_LOST', 'disk import: the host hung up and its task goes on', {
      file: client.shown,
      cause: error,
    });
  } finally {
    given.abort();
  }
}

/** The task knows why a host hung up, or at least that it did; it may take a moment. */
async function whyBroken(client: XapiClient, task: Ref, signal: AbortSignal): Promise<XenferryError> {
  for (let looks = 0; looks < REASON_LOOKS && !signal.aborted; looks++) {
    try {
      // A success before the last byte is none.
      if ((await taskOutcome(client, task, 'disk import', { signal })) !== null) break;
    } catch (error) {
      if (error instanceof XenferryError) return error;
      throw error;
    }
    await delay(REASON_PAUSE * client.patience.pauseScale, undefined, { signal }).catch(() => {});
  }
  return new XenferryError('POOL_UPLOAD_FAILED', 'the host broke the upload off', { file: client.shown });
}

function refusedUpload(status: number, client: XapiClient): XenferryError {
  const code = status === 403 ? 'POOL_UNAUTHORIZED' : 'POOL_UPLOAD_FAILED';
  return new XenferryError(code, `the host answers the upload with status ${status}`, { file: client.shown });
}
