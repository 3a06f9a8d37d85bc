import { type IncomingMessage, request } from 'node:http';
import type { BandwidthGate } from '../io/bandwidth-gate.js';
import { XenferryError } from '../model/errors.js';
import { MIB } from '../model/units.js';
import { gathered } from './gathered.js';
import { openSocket } from './open-socket.js';
import type { Ref } from './records.js';
import { redirectAddress } from './redirect-address.js';
import { TransportFailure, transportFailure } from './transport-failure.js';
import type { XapiClient } from './xapi-client.js';

/** TLS gives 16 KiB at a time, and each would cost several turns of the event loop. */
const PIECE_BYTES = MIB;

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
    const answer = await openExport(client, { ...wanted, signal }, task, () => stop.abort());
    for await (const piece of gathered(answer, PIECE_BYTES)) {
      await passGate(answer, piece.length, wanted, client.patience.idle);
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
  answer: IncomingMessage,
  bytes: number,
  { gate, signal }: VdiExport,
  idleMs: number,
): Promise<void> {
  answer.setTimeout(0);
  if (!(await gate.pass(bytes, () => !signal.aborted))) {
    throw new XenferryError('CANCELED', 'the export was stopped');
  }
  answer.setTimeout(idleMs);
}

/** Asks the named host, or the one that it names in turn, with a session that is known there. */
async function openExport(
  client: XapiClient,
  wanted: VdiExport,
  task: Ref,
  onIdle: () => void,
): Promise<IncomingMessage> {
  let { address } = wanted;
  for (let attempt = 1; ; attempt++) {
    const session = await client.sessionRef();
    const query = new URLSearchParams({
      session_id: session,
      task_id: task,
      vdi: wanted.vdi,
      format: wanted.format,
    });
    const answer = await ask(client, address, { query, signal: wanted.signal, onIdle });
    const { statusCode: status = 0 } = answer;
    if (status === 200) return answer;
    answer.destroy();
    const next = status === 302 ? redirectAddress(answer.headers.location) : address;
    if (status === 401) await client.forgetSession(session);
    if (attempt > 1 || next === null || (status !== 302 && status !== 401)) throw refusal(client, status);
    address = next;
  }
}

interface Question {
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
  readonly onIdle: () => void;
}

async function ask(
  client: XapiClient,
  address: string,
  { query, signal, onIdle }: Question,
): Promise<IncomingMessage> {
  const url = client.hostUrl(address);
  const socket = await openSocket(client.connector, url);
  return await new Promise<IncomingMessage>((resolve, reject) => {
    request({
      method: 'GET',
      path: `/export_raw_vdi?${query}`,
      headers: { host: url.host },
      createConnection: () => socket,
      signal,
    })
      .on('response', resolve)
      .on('error', reject)
      // As an option it would not reach a connection that is there already.
      .setTimeout(client.patience.idle, onIdle)
      .end();
  });
}

function refusal(client: XapiClient, status: number): XenferryError {
  const message = `the host answers the export with status ${status}`;
  if (status >= 500) return new TransportFailure('broken', message, client.shown);
  const code = status === 401 || status === 403 ? 'POOL_UNAUTHORIZED' : 'POOL_REFUSED';
  return new XenferryError(code, message, { file: client.shown });
}
