import { isFault, type XapiClient } from '../../xapi/index.js';

/**
 * What the session's user may call, such as `vm.set_order`; null where nothing is forbidden or the pool does not say.
 * Rejects as `XapiClient.call` does.
 */
export async function readPermissions(
  client: XapiClient,
  signal?: AbortSignal,
): Promise<ReadonlySet<string> | null> {
  const session = await client.sessionRef();
  try {
    if (await client.call('session.get_is_local_superuser', [session], { signal })) return null;
    return new Set(await client.call('session.get_rbac_permissions', [session], { signal }));
  } catch (error) {
    // The session ended in between, and the next has another name.
    if (isFault(error, 'HANDLE_INVALID')) return null;
    throw error;
  }
}
