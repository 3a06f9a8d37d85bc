import { globMatches } from '../../../guests/profiles/index.js';
import type { FinalPlace } from '../../../model/destination.js';
import type { ErrorCode } from '../../../model/error-catalog.js';
import { XenferryError } from '../../../model/errors.js';
import type { PlannedMachine } from '../../../model/plan.js';
import { NULL_REF, type Ref, type XapiClient } from '../../../xapi/index.js';
import { findNamed, findNetworks } from '../find-objects.js';
import type { PoolView } from '../pool-view.js';
import { attachedDisks } from './attached-disks.js';

/** A final place as a pool calls it. */
export interface FoundPlace {
  /** Repositories, in the order of the machine's disks; a null reference lets a disk stay. */
  readonly storage: readonly Ref[];
  readonly host: Ref | null;
  /** In the order of the machine's network cards. */
  readonly networks: readonly Ref[];
}

/**
 * Where a VM of `view` goes in `there`, which is the same pool or another. Rejects with POOL_STORAGE_MISSING,
 * POOL_HOST_MISSING, POOL_NETWORK_MISSING, POOL_AMBIGUOUS, or as `XapiClient.call` does.
 */
export async function findFinalPlace(
  client: XapiClient,
  { view, there }: { readonly view: PoolView; readonly there: PoolView },
  vm: Ref,
  { nics }: PlannedMachine,
  place: FinalPlace,
): Promise<FoundPlace> {
  const repositories = new Map([...there.storage].map(([ref, { record }]) => [ref, record]));
  const storage: Ref[] = [];
  for (const { record } of await attachedDisks(client, await client.call('VM.get_record', [vm]))) {
    const { SR } = await client.call('VDI.get_record', [record.VDI]);
    const from = view.storage.get(SR)?.record.name_label ?? '';
    const wanted = place.storage.find((mapping) => globMatches(mapping.from, from))?.to;
    if (wanted === undefined && place.pool !== null) {
      throw new XenferryError(
        'POOL_STORAGE_MISSING',
        `nothing says where disks of ${from} go in the other pool`,
      );
    }
    storage.push(
      wanted === undefined ? NULL_REF : only(findNamed(repositories, wanted), wanted, 'POOL_STORAGE_MISSING'),
    );
  }
  return {
    storage,
    host:
      place.host === null
        ? null
        : only(findNamed(there.hostNames, place.host), place.host, 'POOL_HOST_MISSING'),
    networks: nics.map(({ network }) => only(findNetworks(there, network), network, 'POOL_NETWORK_MISSING')),
  };
}

function only([ref, ...others]: readonly Ref[], wanted: string, missing: ErrorCode): Ref {
  if (ref === undefined) throw new XenferryError(missing, `the pool has no ${wanted}`);
  if (others.length === 0) return ref;
  throw new XenferryError('POOL_AMBIGUOUS', `the pool has ${others.length + 1} of the name ${wanted}`);
}
