import { TLSSocket } from 'node:tls';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import type { VsphereReference } from '../model/vsphere-reference.js';
import { parseVsphereUrl } from './server-address.js';

const TIME_LIMIT = 10_000;

/**
 * SHA-1 of the certificate that the server presents, as 20 pairs of hex digits with colons between, once it was found to
 * be one that is trusted: VMware's own tools know servers by it. Rejects with CONFIG_INVALID, VSPHERE_UNREACHABLE.
 */
export async function serverThumbprint({
  url,
  tlsFingerprints,
}: Pick<VsphereReference, 'url' | 'tlsFingerprints'>): Promise<string> {
  const { origin, hostname, port, protocol } = parseVsphereUrl(url);
  const { connectorTo } = await import('./vsphere-client.js');
  // One of its own: a resumed TLS session would bring no certificate to look at.
  const connect = connectorTo(origin, tlsFingerprints, TIME_LIMIT);
  return await new Promise((resolve, reject) => {
    connect({ hostname, port, protocol }, (error, socket) => {
      if (error !== null) return reject(unreachable(origin, error));
      const thumbprint = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint : undefined;
      socket.destroy();
      if (thumbprint === undefined) reject(unreachable(origin, new Error('no certificate')));
      else resolve(thumbprint);
    });
  });
}

function unreachable(file: string, error: Error): XenferryError {
  if (error instanceof XenferryError) return error;
  const reason = systemErrorCode(error) ?? error.message;
  return new XenferryError('VSPHERE_UNREACHABLE', `no connection (${reason})`, { file, cause: error });
}
