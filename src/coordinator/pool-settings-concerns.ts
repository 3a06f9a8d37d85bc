import type { FinalPlace, PoolDestination } from '../model/destination.js';
import type { Concern } from '../model/plan.js';
import {
  findNamed,
  findNetworks,
  networkObstacles,
  type PoolView,
  poolConcern,
} from '../targets/xapi-pool/index.js';

/** What stands against the migration file's own settings of the pool: networks to be made, final places. */
export function poolSettingsConcerns({ newNetworks, after }: PoolDestination, view: PoolView): Concern[] {
  const missing = newNetworks.filter(({ name }) => findNetworks(view, name).length === 0);
  const obstacles = [...networkObstacles(view, missing)].map(([name, reason]) =>
    poolConcern('POOL_NETWORK_MISSING', 'critical', name, `the network ${name} cannot be made: ${reason}`),
  );
  return [...obstacles, ...(after.move === null ? [] : moveConcerns(after.move, view))];
}

/** Another pool is asked only when machines go there. */
function moveConcerns({ pool, storage, host }: FinalPlace, view: PoolView): Concern[] {
  if (pool !== null) return [];
  const repositories = new Map([...view.storage].map(([ref, { record }]) => [ref, record]));
  const unknown = storage.filter(({ to }) => findNamed(repositories, to).length === 0);
  return [
    ...unknown.map(({ to }) =>
      poolConcern('POOL_STORAGE_MISSING', 'critical', to, `the pool has no repository ${to} to move to`),
    ),
    ...(host === null || findNamed(view.hostNames, host).length > 0
      ? []
      : [poolConcern('POOL_HOST_MISSING', 'critical', host, `the pool has no host ${host} to move to`)]),
  ];
}
