import { XenferryError } from '../model/errors.js';
import { retrieveOne } from './retrieve.js';
import { TEXT, vimObject } from './vim-schemas.js';
import type { Ref } from './vim-value.js';
import type { VsphereClient } from './vsphere-client.js';

/** Objects of one question: servers answer with a row for each privilege of each. */
const OBJECTS_AT_ONCE = 100;

const CURRENT_SESSION = vimObject({ key: TEXT });

/**
 * Which of `privileges`, such as `Datastore.Browse`, the user has not got on which of `objects`: objects by privilege,
 * those without a gap left out. Rejects with VSPHERE_PROTOCOL for a server that knows no permissions, or as
 * `VsphereClient.call` does. Needs System.View.
 */
export async function missingPrivileges(
  client: VsphereClient,
  objects: readonly Ref[],
  privileges: readonly string[],
): Promise<Map<string, Ref[]>> {
  const { authorizationManager } = await client.content();
  if (authorizationManager === undefined) {
    throw new XenferryError('VSPHERE_PROTOCOL', 'the server tells nothing of permissions', {
      file: client.shown,
    });
  }
  const sessionId = await currentSession(client);
  const missing = new Map<string, Ref[]>();
  for (let at = 0; at < objects.length; at += OBJECTS_AT_ONCE) {
    const entity = objects.slice(at, at + OBJECTS_AT_ONCE);
    const parameters = { entity, sessionId, privId: privileges };
    const told = await client.call('HasPrivilegeOnEntities', authorizationManager, parameters);
    for (const { entity: object, privAvailability } of told) {
      for (const { privId, isGranted } of privAvailability) {
        if (!isGranted) missing.set(privId, [...(missing.get(privId) ?? []), object]);
      }
    }
  }
  return missing;
}

/** As the server calls it; its cookie is another name. */
async function currentSession(client: VsphereClient): Promise<string> {
  const { sessionManager } = await client.content();
  const { currentSession: told } = await retrieveOne(client, sessionManager, ['currentSession']);
  const session = CURRENT_SESSION.safeParse(told);
  if (session.success) return session.data.key;
  throw new XenferryError('VSPHERE_PROTOCOL', 'the server tells nothing of our session', {
    file: client.shown,
  });
}
