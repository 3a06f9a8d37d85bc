import type { Socket } from 'node:net';
import type { Connector } from './connection.js';

/** A connection to a host by the connector's rules. */
export function openSocket(connector: Connector, { hostname, host, port }: URL): Promise<Socket> {
  // As undici calls it: brackets belong to URLs only.
  const bare = hostname.replaceAll(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    connector(
      { hostname: bare, host, protocol: 'https:', port: port === '' ? '443' : port },
      (...outcome) => {
        const [error, socket] = outcome;
        if (error !== null) {
          reject(error);
          return;
        }
        // The head of a chunk is a dozen bytes: they must not wait until those before are acknowledged.
        socket.setNoDelay(true);
        resolve(socket);
      },
    );
  });
}
