import type { JobRecord, Ledger } from '../../ledger/index.js';
import type { Plan, PlannedMachine } from '../../model/plan.js';
import { refixedMachines } from '../refixed-machines.js';

/**
 * The plan with machines that were moved as they were planned then: what the move has left behind at their source, another
 * name or cards off the network, makes no others of them.
 */
export async function withMovedMachines(ledger: Ledger, batchId: number, plan: Plan): Promise<Plan> {
  if (plan.machines.every(({ live }) => live === null)) return plan;
  const changes = await ledger.sourceChanges.ofBatch(batchId);
  const kept = new Set(changes.flatMap((change) => (change.kept ? [change.jobId] : [])));
  const jobs = await ledger.jobs(batchId);
  const moved = new Map(
    jobs.flatMap((job) => (kept.has(job.id) && isThere(job) ? [[job.machineId, job]] : [])),
  );
  const ordered = await refixedMachines(ledger, batchId, plan);
  const machines = plan.machines.map((planned): PlannedMachine => {
    const job = moved.get(planned.machine.id);
    if (job === undefined) return planned;
    const recorded: PlannedMachine = JSON.parse(job.planned);
    if (!job.refix && !ordered.has(job.machineId)) return recorded;
    // Of its guest it is to be what the plan says now.
    return { ...recorded, fixups: planned.fixups, profile: planned.profile };
  });
  return { ...plan, machines };
}

/** One that is being taken back is as it was only when that has come to its end. */
function isThere({ state, rollback }: JobRecord): boolean {
  return rollback === 'begun' || (state === 'done' && rollback === null);
}
