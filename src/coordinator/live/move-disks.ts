import type { Ref } from '../../vsphere/index.js';
import { jobPrints } from '../fingerprint.js';
import type { BatchContext, ClaimedJob } from '../job.js';
import type { ChangedMachine } from './change-source.js';
import { exportedDisks } from './exported-disks.js';
import { placedDisks, withDisks } from './placed-disks.js';
import type { SourceDisk } from './source-machine.js';
import { thinDisks } from './thin-disks.js';
import { withVddkDisks } from './vddk-disks.js';

/** Brings the machine there whose disks lie where the job says now. */
export type Deliver = (job: ClaimedJob) => Promise<void>;

/**
 * Has the disks moved from where the plan reads them. `source`: what may be exported, the machine or its snapshot. Rejects
 * as `deliver` does, with VSPHERE_*, SOURCE_CHANGED, VDDK_UNUSABLE.
 */
export async function moveDisks(
  context: BatchContext,
  job: ClaimedJob,
  at: ChangedMachine,
  source: Ref,
  disks: readonly SourceDisk[],
  deliver: Deliver,
): Promise<void> {
  const places = placedDisks(job, disks, at);
  if (at.live.read === 'vddk') {
    const snapshot = source === at.machine ? null : source;
    return await withVddkDisks({ ...at, snapshot }, places, context.signal, (served) =>
      deliver(withDisks(job, served)),
    );
  }
  // What lies on other files has formats that only the server reads.
  const isLayered = disks.some(({ layered }) => layered);
  if (at.live.read === 'datastore' && !isLayered) {
    const thin = source === at.machine ? places : await thinDisks(at, source, places, disks, context.signal);
    return await deliver(withDisks(job, thin));
  }
  await exportedDisks(context, { ...at, source, disks: places, jobId: job.record.id }, async (staged) => {
    const { planned } = withDisks(job, staged);
    const { fingerprint } = await jobPrints(planned, job, context);
    await deliver({ ...job, planned, fingerprint });
  });
}
