import { request } from 'node:http';
import { XenferryError } from '../model/errors.js';
import { openSocket } from './open-socket.js';
import type { Ref } from './records.js';
import { transportFailure } from './transport-failure.js';
import type { XapiClient } from './xapi-client.js';

export interface VdiExport {
  /** `host.address` of a member that is attached to the VDI's repository. */
  readonly address: string;
  readonly vdi: Ref;
  readonly signal: AbortSignal;
}

/**
 * The bytes of a VDI from its start, zeros included. Whoever takes them counts: a pool that fails in the middle only
 * hangs up. Ends with POOL_UNREACHABLE, POOL_REFUSED, CANCELED.
 */
export async function* exportVdi(
  client: XapiClient,
  { address, vdi, signal }: VdiExport,
): AsyncGenerator<Buffer> {
  const url = client.hostUrl(address);
  const session = await client.sessionRef();
  const query = new URLSearchParams({ session_id: session, vdi, format: 'raw' });
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  try {
    const socket = await openSocket(client.connector, url);
    const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      request({
        method: 'GET',
        path: `/export_raw_vdi?${query}`,
        headers: { host: url.host },
        createConnection: () => socket,
        signal: ended,
        timeout: client.patience.idle,
      })
        .on('response', resolve)
        .on('error', reject)
        .on('timeout', () => stop.abort())
        .end();
    });
    if (answer.statusCode === 401) await client.forgetSession(session);
    if (answer.statusCode !== 200) {
      throw new XenferryError(
        'POOL_REFUSED',
        `the host answers the export with status ${answer.statusCode}`,
        {
          file: client.shown,
        },
      );
    }
    for await (const part of answer) yield part;
  } catch (error) {
    if (signal.aborted) throw new XenferryError('CANCELED', 'the export was stopped');
    throw transportFailure(error, client.shown);
  } finally {
    stop.abort();
  }
}
