import type { VsphereClient } from '../../vsphere/index.js';
import type { BatchContext } from '../job.js';
import type { SourceMachine } from './source-machine.js';

/**
 * Does `action` while a snapshot of the machine may stand on each datastore that its disks are on. Rejects as `action`
 * does, or with the signal's reason while it waits.
 */
export async function withSnapshotSlots<T>(
  { liveServers, signal }: Pick<BatchContext, 'liveServers' | 'signal'>,
  client: VsphereClient,
  { disks }: SourceMachine,
  action: () => Promise<T>,
): Promise<T> {
  const names = new Set(disks.map(({ file }) => `${client.shown} ${file.datastore}`));
  // All take them in the same order, so that nobody waits for whoever waits for him.
  const withAll = [...names]
    .sort()
    .reduceRight<() => Promise<T>>(
      (inner, name) => () => liveServers.snapshotSlots.hold(name, 1, signal, inner),
      action,
    );
  return await withAll();
}
