import type { Socket } from 'node:net';
import type { Row } from '../database.js';
import { XapiFailure } from '../failure.js';
import type { Fault } from '../fault.js';
import { NULL_REF } from '../fields.js';
import { ROLES } from '../model/model-types.js';
import { changeMaster, fill, nextMaster, takeDown } from '../outages.js';
import type { PoolState } from '../pool-state.js';
import { attachedHosts } from '../repository.js';
import { Body, type Trip } from '../streams/body.js';
import type { Request } from './request.js';
import { errorPage, headText, send } from './responses.js';
import type { SocketReader } from './socket-reader.js';

/** One transfer of a file, from its request to its end. */
export interface Transfer {
  readonly state: PoolState;
  readonly host: Row;
  readonly socket: Socket;
  readonly reader: SocketReader;
  readonly request: Request;
  readonly faults: readonly Fault[];
}

/** A parameter of the query or a cookie; for these three the cookie wins. */
const COOKIE_FIRST: ReadonlySet<string> = new Set(['session_id', 'task_id', 'subtask_of']);

export function parameter({ request }: Transfer, name: string): string | undefined {
  return COOKIE_FIRST.has(name)
    ? (request.cookies.get(name) ?? request.query.get(name))
    : request.query.get(name);
}

/** The announced length of the body. */
export function contentLength({ request }: Transfer): number | undefined {
  const text = request.headers.get('content-length');
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function credentials(header: string | undefined): readonly [name: string, password: string] | undefined {
  const encoded = /^Basic (.+)$/i.exec(header ?? '')?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
}

/** Who makes the transfer; undefined, and 401 or 403 sent, for who may not. The task of a 401 stays pending. */
export async function admitted(transfer: Transfer, permission: string): Promise<string | undefined> {
  const { state, socket, host, request } = transfer;
  const task = parameter(transfer, 'task_id');
  try {
    const given = parameter(transfer, 'session_id');
    const basic = credentials(request.headers.get('authorization'));
    const session =
      given === undefined && basic !== undefined
        ? (await state.sessions.login(basic[0], basic[1], 'http', host.ref)).ref
        : (given ?? '');
    const { role } = state.sessions.use(session).user;
    if (ROLES.indexOf(role) >= ROLES.indexOf('vm-admin')) {
      return session;
    }
    const failure = new XapiFailure('RBAC_PERMISSION_DENIED', [permission, 'No permission in user session']);
    if (task !== undefined) {
      state.tasks.fail(task, failure);
    }
    await send(socket, errorPage(403, failure));
  } catch {
    const headers = [`WWW-Authenticate: Basic realm="VDI.import"`];
    await send(socket, errorPage(401, undefined, { headers }));
  }
  return undefined;
}

/** Sends a transfer to a host that has the repository, if this one has not; whether it did. */
export async function redirected(transfer: Transfer, sr: Row): Promise<boolean> {
  const { state, host, socket, request, faults } = transfer;
  const hosts = attachedHosts(state, sr);
  const all = state.database.all('host');
  const [number] = faults.flatMap((fault) =>
    fault.kind === 'redirect' ? [fault.host ?? (all.indexOf(host) + 1) % all.length] : [],
  );
  const elsewhere = number === undefined ? [...hosts][0] : all[number]?.ref;
  if (elsewhere === undefined || (number === undefined && hosts.has(host.ref))) {
    return false;
  }
  const address = state.database.get('host', elsewhere).text('address');
  const named = address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
  const query = request.rawQuery === '' ? '' : `?${request.rawQuery}`;
  const location = `https://${named}:${state.port()}${request.path}${query}`;
  const headers = ['connection: close', `Location: ${location}`, 'content-length: 0'];
  await send(socket, headText({ status: 302, headers }));
  return true;
}

/** The task that a transfer works for: the client's, or one of its own. */
export function taskOf(transfer: Transfer, label: string): string {
  const { state, host, faults } = transfer;
  const given = parameter(transfer, 'task_id');
  const task =
    given === undefined
      ? state.tasks.create(label, '', host.ref, parameter(transfer, 'subtask_of') ?? NULL_REF).ref
      : (state.database.find('task', given)?.ref ?? state.database.byUuid('task', given).ref);
  for (const fault of faults) {
    if (fault.kind === 'slow-task') {
      state.tasks.delay(task, fault.delayMs);
    }
  }
  return task;
}

interface Stakes {
  readonly session: string;
  readonly task: string;
  readonly sr?: Row;
}

function tripOf(transfer: Transfer, fault: Fault, { session, task, sr }: Stakes): Trip | undefined {
  const { state, socket, host } = transfer;
  const afterBytes = 'afterBytes' in fault ? (fault.afterBytes ?? 0) : 0;
  switch (fault.kind) {
    case 'cut':
      return {
        afterBytes,
        act: () => {
          socket.destroy();
          throw new Error('the connection was cut');
        },
      };
    case 'io-error':
      return {
        afterBytes,
        act: () => {
          throw new Error('the device failed');
        },
      };
    case 'sr-full':
      return {
        afterBytes,
        act: () => {
          if (sr !== undefined) {
            fill(state, sr, fault.forMs);
          }
          throw new Error('no space left');
        },
      };
    case 'host-down':
      return {
        afterBytes,
        act: () => {
          takeDown(state, host, fault.backAfterMs);
          throw new Error('the host went down');
        },
      };
    case 'new-master':
      return { afterBytes, act: () => changeMaster(state, nextMaster(state, fault.host)) };
    case 'session-lost':
      return { afterBytes, act: () => state.sessions.drop(session) };
    case 'task-lost':
      return {
        afterBytes,
        act: () => {
          const row = state.database.find('task', task);
          if (row !== undefined) {
            state.tasks.destroy(row);
          }
        },
      };
    default:
      return undefined;
  }
}

/** What is to go wrong in the middle of a transfer, in order. */
export function tripsOf(transfer: Transfer, stakes: Stakes): Trip[] {
  const trips = transfer.faults.flatMap((fault) => tripOf(transfer, fault, stakes) ?? []);
  return trips.sort((a, b) => a.afterBytes - b.afterBytes);
}

/** The transfer's body, with all that is to go wrong while it is read. */
export function bodyOf(transfer: Transfer, stakes: Stakes, limit?: number): Body {
  const trips = tripsOf(transfer, stakes);
  const slow = transfer.faults.find(({ kind }) => kind === 'slow');
  return new Body(transfer.reader, limit, trips, slow);
}

/** What a transfer is answered with before anything is known about how it will end. */
export function early200(task: string, more: readonly string[] = []): string {
  const headers = [
    'Connection: close',
    'Cache-Control: no-cache, no-store',
    `task-id:${task}`,
    'content-type: application/octet-stream',
    ...more,
  ];
  return headText({ status: 200, headers });
}
