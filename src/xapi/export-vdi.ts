import type { BandwidthGate } from '../io/bandwidth-gate.js';
import { XenferryError } from '../model/errors.js';
import { openSocket } from './open-socket.js';
import { ReceivedBytes } from './received-bytes.js';
import type { Ref } from './records.js';
import { redirectAddress } from './redirect-address.js';
import { TransportFailure, transportFailure } from './transport-failure.js';
import type { XapiClient } from './xapi-client.js';

/** How a disk comes: all of its bytes, or a dynamic VHD of those that are stored. */
export type ExportFormat = 'raw' | 'vhd';

export interface VdiExport {
  /** `host.address` of a member that is attached to the VDI's repository. */
  readonly address: string;
  readonly vdi: Ref;
  readonly format: ExportFormat;
  /** What comes passes it. */
  readonly gate: BandwidthGate;
  readonly signal: AbortSignal;
}

/**
 * The content of a VDI from its start; a piece is valid until the next is asked for. Whoever takes it knows where it
 * ends: a pool that fails in the middle only hangs up, perhaps after words of its own. Ends with POOL_UNREACHABLE, POOL_UNAUTHORIZED, POOL_REFUSED, CANCELED.
 */
export async function* exportVdi(client: XapiClient, wanted: VdiExport): AsyncGenerator<Buffer> {
  const stop = new AbortController();
  const signal = AbortSignal.any([wanted.signal, stop.signal]);
  // The pool would make one of its own, and keep it for an hour.
  const task = await client.call('task.create', ['Xenferry: disk export', wanted.vdi], { signal });
  try {
    const body = await openExport(client, { ...wanted, signal }, task);
    for (;;) {
      const piece = await body.next();
      if (piece === null) break;
      await passGate(body, piece.length, wanted, client.patience.idle);
      yield piece;
    }
  } catch (error) {
    if (wanted.signal.aborted) throw new XenferryError('CANCELED', 'the export was stopped');
    throw transportFailure(error, client.shown);
  } finally {
    stop.abort();
    await client.call('task.destroy', [task]).catch(() => {});
  }
}

/** Nothing comes while nothing is taken, for which the host must not be blamed. */
async function passGate(
  body: ReceivedBytes,
  bytes: number,
  { gate, signal }: VdiExport,
  idleMs: number,
): Promise<void> {
  body.watchIdle(0);
  if (!(await gate.pass(bytes, () => !signal.aborted))) {
    throw new XenferryError('CANCELED', 'the export was stopped');
  }
  body.watchIdle(idleMs);
}

/** Asks the named host, or the one that it names in turn, with a session that is known there. */
async function openExport(client: XapiClient, wanted: VdiExport, task: Ref): Promise<ReceivedBytes> {
  let { address } = wanted;
  for (let attempt = 1; ; attempt++) {
    const session = await client.sessionRef();
    const query = new URLSearchParams({
      session_id: session,
      task_id: task,
      vdi: wanted.vdi,
      format: wanted.format,
    });
    const { status, location, body } = await ask(client, address, { query, signal: wanted.signal });
    if (status === 200) return body;
    body.close();
    const next = status === 302 ? redirectAddress(location) : address;
    if (status === 401) await client.forgetSession(session);
    if (attempt > 1 || next === null || (status !== 302 && status !== 401)) throw refusal(client, status);
    address = next;
  }
}

interface Question {
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: ReceivedBytes;
}

/** By hand: an export is a head and then bytes until the end, which XAPI frames in no way. */
async function ask(client: XapiClient, address: string, { query, signal }: Question): Promise<Answer> {
  const url = client.hostUrl(address);
  const body = new ReceivedBytes();
  const socket = await openSocket(client.receivingConnector(body.onread), url);
  body.attach(socket);
  body.watchIdle(client.patience.idle);
  const stop = () => body.close(new Error('the export was stopped'));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  socket.write(`GET /export_raw_vdi?${query} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: close\r\n\r\n`);
  return { ...parseHead(await body.head(), client), body };
}

function parseHead(head: string, client: XapiClient): Pick<Answer, 'status' | 'location'> {
  const status = /^HTTP\/1\.[01] (\d{3})\b/.exec(head)?.[1];
  if (status === undefined || /^transfer-encoding:/im.test(head)) {
    throw new XenferryError('POOL_PROTOCOL', 'the host answers the export with something else', {
      file: client.shown,
    });
  }
  return { status: Number(status), location: /^location:[ \t]*(.*?)[ \t]*$/im.exec(head)?.[1] };
}

function refusal(client: XapiClient, status: number): XenferryError {
  const message = `the host answers the export with status ${status}`;
  if (status >= 500) return new TransportFailure('broken', message, client.shown);
  const code = status === 401 || status === 403 ? 'POOL_UNAUTHORIZED' : 'POOL_REFUSED';
  return new XenferryError(code, message, { file: client.shown });
}
