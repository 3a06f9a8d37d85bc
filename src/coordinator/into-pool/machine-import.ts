import type { DiskProgress } from '../../conversion/index.js';
import type { ImageSource } from '../../images/index.js';
import { errorCodeOf, XenferryError } from '../../model/errors.js';
import { isBlocking, type PlannedMachine } from '../../model/plan.js';
import { profileOf } from '../../targets/machine-facts.js';
import { addressesOf, importHosts, type MachineImport } from '../../targets/xapi-pool/index.js';
import { type ClaimedJob, enterStep, recordConverted, signOf } from '../job.js';
import { surveyDisks } from '../manifest-checks.js';
import type { PoolWork } from './pool-work.js';

/** What an import takes, with what is told of it already. `mended` is asked when all is stored. */
export async function importOf(
  work: PoolWork,
  job: ClaimedJob,
  images: readonly ImageSource[],
  mended: () => readonly Uint8Array[],
): Promise<{ readonly import: MachineImport; readonly notes: readonly string[] }> {
  const { client, view, slots, reservations, destination, pool, digest, signal } = work;
  const { planned } = job;
  const { machine } = planned;
  const placement = placementOf(work, planned);
  const profile = profileOf(planned, work.profiles);
  await enterStep(work, job, 'convert');
  const { appliance, notes } = await work.appliances.of(planned);
  const surveys = await surveyDisks(images, signal);
  const disks = surveys.map((survey, index) => ({
    ...survey,
    pool,
    digest,
    threads: pool.threads,
    onProgress: progressOf(work, job, index),
  }));
  const jobId = work.marks.ofMachine(machine.id);
  return {
    notes,
    import: {
      client,
      view,
      slots,
      through: job.through && addressesOf(job.through, view),
      reservations,
      disks,
      spec: { planned, profile, placement, jobId, appliance },
      format: 'chunked',
      readBack: destination.readBack,
      signal,
      onSign: signOf(work, job),
      onStored: async (stored) => {
        const masks = mended();
        await recordConverted(
          work,
          job,
          stored.map((disk, index) => ({ ...disk, mended: masks[index] ?? new Uint8Array() })),
        );
        await enterStep(work, job, 'verify');
      },
    },
  };
}

export function progressOf(
  { observe }: PoolWork,
  { record, planned }: ClaimedJob,
  disk: number,
): (progress: DiskProgress) => void {
  return (progress) =>
    observe({ kind: 'progress', jobId: record.id, name: planned.machine.name, disk, progress });
}

export function waysIn({ resolved, view }: PoolWork, planned: PlannedMachine) {
  const placement = resolved.placements.get(planned.machine.id);
  return placement === undefined ? [] : importHosts(planned, placement, view);
}

/** Where a machine goes. Throws what stands against it. */
export function placementOf({ resolved }: PoolWork, { machine }: PlannedMachine) {
  const blocking = resolved.concerns.get(machine.id)?.find(isBlocking);
  const placement = resolved.placements.get(machine.id);
  if (blocking === undefined && placement !== undefined) return placement;
  const { id, message, remedy } = blocking ?? {};
  throw new XenferryError(
    errorCodeOf(id ?? '') ?? 'POOL_OBJECT_MISSING',
    message ?? 'it has no place in the pool',
    {
      hint: remedy,
    },
  );
}
