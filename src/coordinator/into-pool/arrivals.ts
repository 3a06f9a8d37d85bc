import type { StepName } from '../../ledger/index.js';
import { findOwned, releaseVm } from '../../targets/xapi-pool/index.js';
import type { Ref } from '../../xapi/index.js';
import { type ArrivedMachine, afterImport } from '../after-import.js';
import { claimJob, type PlannedJob } from '../job.js';
import type { PoolWork } from './pool-work.js';
import { isSettledLater, stepsDone } from './vm-steps.js';

/** Whether the VM that an earlier run verified is there, or in the pool that it was moved to. */
export async function isFinished(work: PoolWork, { record, planned }: PlannedJob): Promise<boolean> {
  const { client, marks, earlier, arrived, destination } = work;
  if (record.landed === null) return false;
  if (destination.after.move?.pool != null && (await stepsDone(work, record.id)).has('move')) return true;
  const mark = marks.ofMachine(planned.machine.id);
  const vm = earlier.get(mark);
  if (vm?.uuid !== record.landed) return false;
  arrived.set(mark, vm);
  // A kill may have left it so.
  if (vm.locked && !isSettledLater(destination)) await releaseVm(client, vm.ref);
  return true;
}

/** What is wanted of the machines that are there and that no earlier run has done. */
export async function afterwards(work: PoolWork, jobs: readonly PlannedJob[]): Promise<readonly string[]> {
  const { after } = work.destination;
  const wanted: StepName[] = [
    ...(after.move === null ? [] : (['move'] as const)),
    ...(after.snapshot === null ? [] : (['snapshot'] as const)),
    ...(after.start === null ? [] : (['start'] as const)),
  ];
  const there = await arrivedVms(work);
  const machines: ArrivedMachine[] = [];
  for (const job of jobs) {
    const mark = work.marks.ofMachine(job.planned.machine.id);
    const vm = there.get(mark);
    const done = await stepsDone(work, job.record.id);
    if (vm === undefined || wanted.every((step) => done.has(step))) continue;
    const { appliance } = await work.appliances.of(job.planned);
    machines.push({ job: await claimJob(work, job), vm: vm.ref, appliance, mark, done });
  }
  if (machines.length === 0) return [];
  return await afterImport({ ...work, after }, machines);
}

/** Those that this process brought, and those that others did. */
async function arrivedVms({
  client,
  ledger,
  target,
  marks,
  arrived,
}: PoolWork): Promise<ReadonlyMap<string, { readonly ref: Ref; readonly uuid: string }>> {
  const landed = await ledger.landedVms(target);
  const known = new Set([...arrived.values()].map(({ uuid }) => uuid));
  if ([...landed].every((uuid) => known.has(uuid))) return arrived;
  const vms = (await findOwned(client, marks.prefix)).filter(
    ({ kind, uuid }) => kind === 'vm' && landed.has(uuid),
  );
  return new Map([...vms.map((vm) => [vm.jobId, vm] as const), ...arrived]);
}
