import type { VsphereClient } from '../../vsphere/index.js';
import type { SourceMachine } from './source-machine.js';
import type { SourcePlaces } from './source-places.js';

/** What an ESXi host reads at once without harm to what runs on it; more are known to bring it down. */
const DISKS_PER_HOST = 8;
/** Snapshots that may stand on a datastore at a time: each can grow as large as its disk. */
const SNAPSHOTS_PER_DATASTORE = 15;

/** A machine's job at its source. */
interface AtSource {
  readonly client: VsphereClient;
  readonly places: SourcePlaces;
  readonly signal: AbortSignal;
}

/** Does `action` while the machine's host may read its disks. Rejects as `SourcePlaces.hold` does. */
export async function withDiskPlaces<T>(
  { client, places, signal }: AtSource,
  { host, disks }: SourceMachine,
  action: () => Promise<T>,
): Promise<T> {
  const limit = { name: `disks ${client.shown} ${host?.value ?? ''}`, limit: DISKS_PER_HOST };
  return await places.hold(limit, disks.length, signal, action);
}

/**
 * Does `action` while a snapshot of the machine may stand on each datastore that its disks are on. Rejects as
 * `SourcePlaces.hold` does.
 */
export async function withSnapshotPlaces<T>(
  { client, places, signal }: AtSource,
  { disks }: SourceMachine,
  action: () => Promise<T>,
): Promise<T> {
  const names = new Set(disks.map(({ file }) => `snapshots ${client.shown} ${file.datastore}`));
  // All take them in the same order, so that nobody waits for whoever waits for him.
  const withAll = [...names]
    .sort()
    .reduceRight<() => Promise<T>>(
      (inner, name) => () => places.hold({ name, limit: SNAPSHOTS_PER_DATASTORE }, 1, signal, inner),
      action,
    );
  return await withAll();
}
