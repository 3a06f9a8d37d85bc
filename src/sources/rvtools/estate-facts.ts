import type { EstateFacts } from '../../model/inventory.js';
import type { Row } from './read-tab.js';
import type { VDATASTORE, VHOST } from './tabs.js';

/** What a list tells of the hosts and datastores beside the machines. Rows without a name are left out. */
export function estateFacts(
  hosts: readonly Row<(typeof VHOST)['columns']>[],
  datastores: readonly Row<(typeof VDATASTORE)['columns']>[],
): EstateFacts {
  return {
    hosts: hosts.flatMap(({ name, datacenter, cluster, cpus, cores, memory, inMaintenance }) =>
      name === null
        ? []
        : [{ name, datacenter, cluster, cpus, cores, memoryBytes: memory, inMaintenance, gpus: [] }],
    ),
    datastores: datastores.flatMap(({ name, type, capacity, free }) =>
      name === null ? [] : [{ name, type, capacityBytes: capacity, freeBytes: free }],
    ),
    networks: [],
  };
}
