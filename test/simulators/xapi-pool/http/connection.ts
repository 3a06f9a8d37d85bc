import type { Socket } from 'node:net';
import type { Row } from '../database.js';
import { asFailure, XapiFailure } from '../failure.js';
import type { PoolState } from '../pool-state.js';
import { exportRawVdi } from './export-raw-vdi.js';
import { importRawVdi } from './import-raw-vdi.js';
import { importXva } from './import-xva.js';
import { type Request, RequestRefused, readRequest } from './request.js';
import { errorPage, headText, send } from './responses.js';
import { jsonRpc, NoAnswer, type RpcAnswer, xmlRpc } from './rpc-handlers.js';
import { SocketReader } from './socket-reader.js';
import type { Transfer } from './transfer.js';

/** The largest call that is read. */
const RPC_BYTES = 300 * 1024;

const TRANSFERS: Readonly<Record<string, (transfer: Transfer) => Promise<void>>> = {
  'PUT /import_raw_vdi': importRawVdi,
  'PUT /import': importXva,
  'GET /export_raw_vdi': exportRawVdi,
};

const METHODS: ReadonlySet<string> = new Set(['GET', 'PUT', 'POST']);

interface Connection {
  readonly state: PoolState;
  readonly host: Row;
  readonly socket: Socket;
  readonly reader: SocketReader;
}

async function rpcBody({ reader }: Connection, request: Request): Promise<string> {
  const announced = request.headers.get('content-length') ?? '';
  const length = Number(announced);
  if (!/^\d+$/.test(announced) || length > RPC_BYTES) {
    throw new RequestRefused(500);
  }
  const pieces: Buffer[] = [];
  for (let left = length; left > 0; ) {
    const piece = await reader.some(left);
    if (piece === undefined) {
      throw new RequestRefused(400);
    }
    pieces.push(piece);
    left -= piece.length;
  }
  return Buffer.concat(pieces).toString('utf8');
}

async function answerRpc(connection: Connection, request: Request): Promise<void> {
  const { state, host, socket } = connection;
  const text = await rpcBody(connection, request);
  let answer: RpcAnswer;
  try {
    answer = await (request.path.startsWith('/jsonrpc') ? jsonRpc : xmlRpc)(state, host, text);
  } catch (error) {
    if (error instanceof NoAnswer && error.status === undefined) {
      socket.destroy();
      return;
    }
    throw new RequestRefused(error instanceof NoAnswer ? (error.status ?? 500) : 500);
  }
  const headers = [
    `content-type: ${answer.type}`,
    `content-length: ${Buffer.byteLength(answer.body)}`,
    `connection: ${request.keepAlive ? 'keep-alive' : 'close'}`,
    'cache-control: no-cache, no-store',
  ];
  await send(socket, headText({ status: 200, headers }) + answer.body);
}

/** Handlers are found by the start of the path. */
function transferOf(request: Request): string | undefined {
  const called = `${request.method} ${request.path}`;
  // The longest comes first in the table.
  return Object.keys(TRANSFERS).find((place) => called === place || called.startsWith(`${place}/`));
}

async function runTransfer(connection: Connection, request: Request, place: string): Promise<void> {
  const { state, socket } = connection;
  const faults = state.faults.meet(place);
  for (const fault of faults) {
    if (fault.kind === 'status') {
      throw new RequestRefused(fault.status);
    }
    if (fault.kind === 'booting') {
      await send(socket, errorPage(500, new XapiFailure('HOST_STILL_BOOTING')));
      return;
    }
    if (fault.kind === 'slow' && fault.delayMs !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    }
  }
  try {
    const failure = faults.find(({ kind }) => kind === 'failure');
    if (failure?.kind === 'failure') {
      const { code, params = [] } = failure;
      await send(socket, errorPage(500, new XapiFailure(code, params)));
      return;
    }
    await TRANSFERS[place]?.({ ...connection, request, faults });
  } catch (error) {
    await send(socket, errorPage(500, asFailure(error)));
  }
}

/** Answers one request; whether the connection may have another. */
async function answerRequest(connection: Connection, request: Request): Promise<boolean> {
  const place = transferOf(request);
  if (place !== undefined) {
    const { running } = connection.state;
    const transfer = runTransfer(connection, request, place).finally(() => running.delete(transfer));
    running.add(transfer);
    const { query } = request;
    const host = connection.host.text('name_label');
    connection.state.onTransfer({ host, place, vdi: query.get('vdi') ?? null, ended: transfer });
    await transfer;
    return false;
  }
  if (request.method === 'POST') {
    await answerRpc(connection, request);
    return request.keepAlive;
  }
  if (!METHODS.has(request.method)) {
    throw new RequestRefused(501);
  }
  throw new RequestRefused(request.method === 'PUT' ? 403 : 404);
}

/** Serves a connection to a host until one side ends it; never throws. */
export async function serveConnection(state: PoolState, host: Row, socket: Socket): Promise<void> {
  const connection: Connection = { state, host, socket, reader: new SocketReader(socket) };
  const { headerReadMs, headerTotalMs } = state.timings;
  try {
    let times: Parameters<typeof readRequest>[1] = { readMs: headerReadMs, totalMs: headerTotalMs };
    for (;;) {
      const request = await readRequest(connection.reader, times);
      if (request === undefined || !(await answerRequest(connection, request))) {
        break;
      }
      times = undefined;
    }
  } catch (error) {
    // Anything else is a connection that broke, which nobody can be told.
    if (error instanceof RequestRefused) {
      await send(socket, errorPage(error.status));
    }
  }
  socket.end();
}
