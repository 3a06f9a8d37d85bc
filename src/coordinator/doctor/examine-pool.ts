import type { PoolDestination } from '../../model/destination.js';
import { readPool } from '../../targets/xapi-pool/index.js';
import { connectPool, type PoolPatience } from '../../xapi/index.js';
import { failed } from './examine-source.js';
import type { Finding } from './finding.js';

/** What an import calls, as a pool names permissions. */
const IMPORT = ['vm.create', 'vdi.create', 'vbd.create', 'vif.create'];
const MOVE = ['vm.migrate_send', 'vm.pool_migrate', 'vdi.copy'];

/** Looks at a pool as its user: login, what it is, what of the migration the user may do. Changes nothing; does not reject. */
export async function examinePool(destination: PoolDestination, patience?: PoolPatience): Promise<Finding[]> {
  try {
    const client = await connectPool({ ...destination, patience });
    try {
      const { product, hosts, storage, permissions } = await readPool(client);
      const name = product === 'xcp-ng' ? 'XCP-ng' : 'XenServer';
      const parts = `${hosts.size} hosts, ${storage.size} repositories`;
      return [
        { what: client.shown, state: 'ok', detail: `a pool of ${name}: ${parts}`, remedy: '' },
        permissionFinding(destination, permissions),
      ];
    } finally {
      await client.close();
    }
  } catch (error) {
    return [failed(destination.url, error)];
  }
}

function permissionFinding(
  { after, newNetworks }: PoolDestination,
  permissions: ReadonlySet<string> | null,
): Finding {
  const wanted = [
    ...IMPORT,
    ...(after.move === null ? [] : MOVE),
    ...(after.snapshot === null ? [] : ['vm.snapshot']),
    ...(after.start === null ? [] : ['vm.start']),
    ...(newNetworks.length === 0 ? [] : ['network.create']),
  ];
  const missing = permissions === null ? [] : wanted.filter((call) => !permissions.has(call));
  const what = 'permissions in the pool';
  if (missing.length === 0) {
    return { what, state: 'ok', detail: permissions === null ? 'all' : wanted.join(', '), remedy: '' };
  }
  const detail = `missing: ${missing.join(', ')}`;
  return { what, state: 'missing', detail, remedy: 'Give the user a role that has them (docs/pool.md).' };
}
