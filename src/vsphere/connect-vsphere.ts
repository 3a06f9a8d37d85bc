import { readSecretLine } from '../io/secret-line.js';
import type { VsphereReference } from '../model/vsphere-reference.js';
import type { VsphereClient, VspherePatience } from './vsphere-client.js';

const MAX_PASSWORD_BYTES = 1024;

export interface VsphereAccess extends VsphereReference {
  /** Stops all calls of the client. */
  readonly signal?: AbortSignal | undefined;
  readonly patience?: VspherePatience | undefined;
}

/** Rejects with CONFIG_INVALID. */
export async function vspherePassword({ password }: Pick<VsphereReference, 'password'>): Promise<string> {
  return await readSecretLine(password, 'password', MAX_PASSWORD_BYTES);
}

/**
 * Logs in at a vCenter or an ESXi host. The caller closes the client. Rejects with CONFIG_INVALID, VSPHERE_UNREACHABLE,
 * VSPHERE_LOGIN, VSPHERE_DENIED, VSPHERE_PROTOCOL, CANCELED.
 */
export async function connectVsphere({ password, ...access }: VsphereAccess): Promise<VsphereClient> {
  const secret = await vspherePassword({ password });
  // Loading undici takes longer than most commands: only who speaks to a server pays for it.
  const { VsphereClient } = await import('./vsphere-client.js');
  const client = new VsphereClient({ ...access, password: secret });
  try {
    await client.about();
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}
