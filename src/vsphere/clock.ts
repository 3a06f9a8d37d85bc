import { XenferryError } from '../model/errors.js';
import { SERVICE_INSTANCE } from './service-content.js';
import type { VsphereClient } from './vsphere-client.js';

/**
 * Milliseconds by which the server's clock is ahead of ours, give or take the time of a call. Rejects as
 * `VsphereClient.call` does.
 */
export async function clockAhead(client: VsphereClient): Promise<number> {
  const asked = Date.now();
  const told = Date.parse(await client.call('CurrentTime', SERVICE_INSTANCE));
  if (Number.isNaN(told)) {
    throw new XenferryError('VSPHERE_PROTOCOL', 'the server tells no time', { file: client.shown });
  }
  return told - (asked + Date.now()) / 2;
}
