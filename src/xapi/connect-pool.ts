import { readSecretLine } from '../io/secret-line.js';
import type { PoolReference } from '../model/destination.js';
import type { PoolPatience, XapiClient } from './xapi-client.js';

const MAX_PASSWORD_BYTES = 1024;

export interface PoolAccess extends PoolReference {
  readonly patience?: PoolPatience | undefined;
}

/**
 * Logs in at a pool, whichever member is named. The caller closes the client.
 * Rejects with CONFIG_INVALID, POOL_UNREACHABLE, POOL_UNAUTHORIZED, POOL_PROTOCOL.
 */
export async function connectPool({ password, ...access }: PoolAccess): Promise<XapiClient> {
  const secret = await readSecretLine(password, 'password', MAX_PASSWORD_BYTES);
  // Loading undici takes longer than most commands: only who speaks to a pool pays for it.
  const { XapiClient } = await import('./xapi-client.js');
  const client = new XapiClient({ ...access, password: secret });
  try {
    const hosts = await client.call('host.get_all_records', []);
    client.rememberHosts(Object.values(hosts).map(({ address }) => address));
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}
