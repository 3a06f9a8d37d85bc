import type { PlannedLive } from '../../model/live.js';
import type { BatchContext, ClaimedJob } from '../job.js';
import type { ChangedMachine } from './change-source.js';

/** Rejects as `connectVsphere` does. */
export async function reachSource(
  { liveServers, ledger }: Pick<BatchContext, 'liveServers' | 'ledger'>,
  { record }: Pick<ClaimedJob, 'record'>,
  live: PlannedLive,
): Promise<ChangedMachine> {
  const identity = await ledger.identity();
  return {
    client: await liveServers.of(live.server),
    machine: { type: 'VirtualMachine', value: live.objectId },
    live,
    changes: ledger.sourceChanges,
    jobId: record.id,
    mark: `xenferry ${(identity ?? '').slice(0, 8)}-${record.id}`,
  };
}
