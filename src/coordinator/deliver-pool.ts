import { join } from 'node:path';
import { type BlockRecords, type DiskProgress, dataBytesOf, NO_RECORDS } from '../conversion/index.js';
import { removeGuestFolder } from '../guests/index.js';
import type { ImageSource } from '../images/index.js';
import type { JobLedger, StepName } from '../ledger/index.js';
import type { PoolDestination } from '../model/destination.js';
import { describeError, errorCodeOf, toXenferryError, XenferryError } from '../model/errors.js';
import { isBlocking, type PlannedMachine } from '../model/plan.js';
import { blockCount } from '../model/units.js';
import { profileOf } from '../targets/machine-facts.js';
import {
  addressesOf,
  beginImport,
  findOwned,
  type ImportedMachine,
  importHosts,
  importMachine,
  lockUnstarted,
  type MachineImport,
  type OwnedObject,
  type PoolView,
  patchMachine,
  poolSurroundings,
  type ResolvedPool,
  releaseVm,
  removeOwned,
  resolvePool,
  SpaceReservations,
  TransferSlots,
} from '../targets/xapi-pool/index.js';
import { connectPool, type Ref, type XapiClient } from '../xapi/index.js';
import { type ArrivedMachine, afterImport } from './after-import.js';
import { Appliances } from './appliances.js';
import { runsOf } from './block-runs.js';
import { isWhole } from './clean-up-pool.js';
import { guestToGoOnWith } from './deliver-output.js';
import type { Deliverable, Delivery } from './delivery.js';
import { mendedDisks, wantsFixups } from './fix-machine.js';
import {
  type BatchContext,
  type ClaimedJob,
  claimJob,
  enterStep,
  fixGuest,
  type PlannedJob,
  recordConverted,
  signOf,
} from './job.js';
import { type JobMarks, jobMarks } from './job-marks.js';
import { warmImport } from './live/warm-import.js';
import type { WarmSource } from './live/warm-source.js';
import { besideManifestChecks, surveyDisks } from './manifest-checks.js';
import { mendedBlocks } from './mended-blocks.js';
import { withReadableDisks } from './readable-disks.js';
import { readyNetworks } from './ready-networks.js';
import { mendAnew, mendedRuns, refused } from './refix-output.js';
import { isKept } from './stop-reasons.js';

/** A batch's dealings with its pool. */
interface PoolWork extends BatchContext {
  readonly client: XapiClient;
  /** `YYYY-MM-DD`: dates on which no window opens. */
  readonly blackOuts: readonly string[];
  readonly destination: PoolDestination;
  readonly marks: JobMarks;
  readonly view: PoolView;
  readonly resolved: ResolvedPool;
  readonly slots: TransferSlots;
  readonly reservations: SpaceReservations;
  readonly appliances: Appliances;
  /** VMs of earlier runs that are whole, by their job's mark. */
  readonly earlier: Map<string, OwnedObject>;
  /** Jobs that made something in the pool, even if it is not known what, by their mark. */
  readonly begun: Map<string, ClaimedJob>;
  /** What was heard of the pool last. */
  readonly contact: { lost: boolean };
  /** VMs that are whole now, by their job's mark. */
  readonly arrived: Map<string, { readonly ref: Ref; readonly uuid: string }>;
}

/**
 * Machines become VMs of a pool. What earlier runs left half done there is removed first; where the machines are not
 * all of the batch (`alone`), only what was left of them. Rejects with CONFIG_INVALID, POOL_*, CANCELED.
 */
export async function poolDelivery(
  destination: PoolDestination,
  { machines, alone = false, blackOuts }: Omit<Deliverable, 'destination'>,
  context: BatchContext,
): Promise<Delivery> {
  const client = await connectPool({ ...destination, patience: context.patience });
  try {
    const marks = await jobMarks(context.ledger, context.target);
    if (marks === null) throw new XenferryError('LEDGER_INVALID', 'the ledger has no identity');
    const own = alone ? new Set(machines.map(({ machine }) => marks.ofMachine(machine.id))) : null;
    const earlier = await clearLeftovers(client, context, marks, own);
    const view = await readyNetworks(client, destination.newNetworks, marks.batch, context.signal);
    const { disksPerHost: perHost, disksPerStorage: perStorage } = destination;
    const work: PoolWork = {
      ...context,
      client,
      blackOuts,
      destination,
      marks,
      view,
      resolved: resolvePool(stillToCome(machines, marks, earlier), context.profiles, view),
      slots: new TransferSlots({ perHost, perStorage }),
      reservations: new SpaceReservations(),
      appliances: new Appliances(client, context.signal),
      earlier,
      begun: new Map(),
      contact: { lost: false },
      arrived: new Map(),
    };
    return {
      surroundings: (planned) => [
        destination.url,
        poolSurroundings(planned, profileOf(planned, context.profiles)),
      ],
      lasting: (planned) => [
        destination.url,
        poolSurroundings(planned, profileOf(planned, context.profiles)),
      ],
      waysIn: (planned) => waysIn(work, planned),
      isFinished: (job) => isFinished(work, job),
      check: async (job) => check(work, job),
      deliver: (job, own) => deliver({ ...work, signal: own.signal }, job),
      deliverWarm: (job, own, source) => deliverWarm({ ...work, signal: own.signal }, job, source),
      refix: (job, own) => refix({ ...work, signal: own.signal }, job),
      afterwards: (jobs) => afterwards(work, jobs),
      close: () => close(work),
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** Removes what was never finished, of all jobs or of some. Returns the VMs that were, by their job's mark. */
async function clearLeftovers(
  client: XapiClient,
  { ledger, target }: BatchContext,
  { prefix, batch }: JobMarks,
  only: ReadonlySet<string> | null,
): Promise<Map<string, OwnedObject>> {
  const all = await findOwned(client, prefix);
  const owned = only === null ? all : all.filter(({ jobId }) => only.has(jobId));
  const landed = await ledger.landedVms(target);
  const whole = owned.filter((one) => isWhole(one, landed));
  const marks = owned.map(({ jobId }) => jobId).filter((mark) => mark !== batch);
  if (marks.length > 0) await removeOwned(client, new Set(marks), new Set(whole.map(({ uuid }) => uuid)));
  return new Map(whole.map((vm) => [vm.jobId, vm]));
}

function stillToCome(
  machines: readonly PlannedMachine[],
  marks: JobMarks,
  earlier: ReadonlyMap<string, OwnedObject>,
): PlannedMachine[] {
  return machines.filter(
    ({ machine, concerns }) => !concerns.some(isBlocking) && !earlier.has(marks.ofMachine(machine.id)),
  );
}

/** Whether the VM that an earlier run verified is there, or in the pool that it was moved to. */
async function isFinished(work: PoolWork, { record, planned }: PlannedJob): Promise<boolean> {
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

async function stepsDone({ ledger }: PoolWork, jobId: number): Promise<Set<StepName>> {
  return new Set((await ledger.steps(jobId)).flatMap(({ name, state }) => (state === 'done' ? name : [])));
}

/** Whether something is done with machines before they may be started. */
function isSettledLater({ after: { move, snapshot } }: PoolDestination): boolean {
  return move !== null || snapshot !== null;
}

/** What is wanted of the machines that are there and that no earlier run has done. */
async function afterwards(work: PoolWork, jobs: readonly PlannedJob[]): Promise<readonly string[]> {
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

async function deliver(work: PoolWork, job: ClaimedJob): Promise<void> {
  const { signal, profiles, marks } = work;
  const { planned, held } = job;
  check(work, job);
  const mark = marks.ofMachine(planned.machine.id);
  const { known, guestFolder } = await guestToGoOnWith(held, true);
  work.begun.set(mark, job);
  try {
    const imported = await withReadableDisks(
      planned.machine,
      join(work.target, planned.output),
      { inOnePiece: wantsFixups(planned, profiles), signal },
      async (disks) => {
        const guest = known ?? (await fixGuest(work, job, disks));
        return await convertInto(work, job, mendedDisks(disks, guest, guestFolder));
      },
    );
    await settle(work, job, imported);
    await removeGuestFolder(guestFolder);
  } catch (error) {
    work.contact.lost = toXenferryError(error).code === 'POOL_UNREACHABLE';
    // What a guest's layers hold is as good for the next attempt, unless it is what failed.
    if (!isKept(signal) && toXenferryError(error).category !== 'pool') {
      await held.reset();
      await removeGuestFolder(guestFolder);
    }
    throw error;
  }
}

/** A machine that runs at its source until the last of it is moved. */
async function deliverWarm(work: PoolWork, job: ClaimedJob, source: WarmSource): Promise<void> {
  const { marks, blackOuts } = work;
  const { planned, held } = job;
  check(work, job);
  const mark = marks.ofMachine(planned.machine.id);
  // What was moved of it before is not what it is now.
  await held.reset();
  for (const folder of await held.otherGuestFolders()) await removeGuestFolder(folder);
  work.begun.set(mark, job);
  const told: string[] = [];
  try {
    const imported = await warmImport({
      context: work,
      job,
      source,
      blackOuts,
      begin: async (images, mended) => {
        const wanted = await importOf(work, job, images, mended);
        told.push(...wanted.notes);
        return await beginImport(wanted.import);
      },
    });
    await held.finishStep('verify', 'done', imported.readBackBytes);
    const seconds = ((Date.now() - (source.downSince ?? Date.now())) / 1000).toFixed(1);
    told.push(`from its shutdown at the source until it was whole in the pool it took ${seconds} s`);
    await settle(work, job, { ...imported, notes: [...imported.notes, ...told] });
  } catch (error) {
    work.contact.lost = toXenferryError(error).code === 'POOL_UNREACHABLE';
    await held.reset();
    throw error;
  } finally {
    await removeGuestFolder(held.guestFolder);
  }
}

/** A machine is there and compared. */
async function settle(
  work: PoolWork,
  { planned, held }: ClaimedJob,
  imported: ImportedMachine,
): Promise<void> {
  const outputBytes = imported.disks.reduce((sum, { records }) => sum + dataBytesOf(records), 0);
  await keepRecords(
    held,
    imported.disks.map(({ records }) => records),
  );
  await held.recordOutput({ outputBytes, landed: imported.uuid, notes: imported.notes });
  const mark = work.marks.ofMachine(planned.machine.id);
  work.arrived.set(mark, { ref: imported.vm, uuid: imported.uuid });
  if (!isSettledLater(work.destination)) await releaseVm(work.client, imported.vm);
  work.contact.lost = false;
}

/** The VM stays where it is, and locked until its disks are known to be right again. */
async function refix(work: PoolWork, job: ClaimedJob): Promise<void> {
  const { client, earlier, arrived, marks, destination } = work;
  const { record, planned, held } = job;
  const mark = marks.ofMachine(planned.machine.id);
  const vm = arrived.get(mark) ?? earlier.get(mark);
  const done = await stepsDone(work, record.id);
  if (destination.after.move?.pool != null && done.has('move')) throw refused('its VM is in another pool');
  if (vm === undefined || vm.uuid !== record.landed) {
    await held.reset();
    return await deliver(work, { ...job, record: await work.ledger.job(record.id) });
  }
  const runs = await mendedRuns(work, job);
  const records = await Promise.all(planned.machine.disks.map((_, disk) => held.blockJournal(disk).load()));
  const isKnown = planned.machine.disks.every(
    ({ capacityBytes }, disk) => records[disk]?.unitBits.length === blockCount(capacityBytes),
  );
  if (runs === null || runs.length !== records.length || !isKnown) {
    throw refused('it is not known which blocks the fixups changed');
  }
  await lockUnstarted(client, vm.ref);
  try {
    await patchDisks(work, job, vm.ref, { runs, records });
  } finally {
    await removeGuestFolder(held.guestFolder);
  }
  work.arrived.set(mark, vm);
  if (isSettled(work, done)) await releaseVm(client, vm.ref);
}

/** What is known of a VM's disks before they are patched. */
interface KnownDisks {
  /** What fixups have changed, as JSON of each disk. */
  readonly runs: readonly string[];
  readonly records: readonly BlockRecords[];
}

async function patchDisks(
  work: PoolWork,
  job: ClaimedJob,
  vm: Ref,
  { runs, records }: KnownDisks,
): Promise<void> {
  const { client, view, slots, destination, pool, digest, signal } = work;
  const { planned, held } = job;
  const { mended, patched } = await withReadableDisks(
    planned.machine,
    join(work.target, planned.output),
    { inOnePiece: wantsFixups(planned, work.profiles), signal },
    async (disks) => {
      const anew = await mendAnew(work, job, disks, runs);
      await enterStep(work, job, 'convert');
      const patches = anew.images.map((source, index) => ({
        pool,
        digest,
        source,
        capacityBytes: planned.machine.disks[index]?.capacityBytes ?? 0,
        allocated: anew.changed[index] ?? new Uint8Array(),
        records: records[index] ?? NO_RECORDS,
        threads: pool.threads,
        onProgress: progressOf(work, job, index),
      }));
      const onStored = async (found: readonly BlockRecords[]) => {
        await recordConverted(
          work,
          job,
          found.map((one, disk) => {
            const changed = anew.changed[disk] ?? new Uint8Array();
            return { records: one, resumedBlocks: 0, mended: changed, patch: { changed, replaces: null } };
          }),
        );
        await enterStep(work, job, 'verify');
      };
      const machine = { client, view, slots, vm, disks: patches, readBack: destination.readBack };
      return {
        mended: anew.mended,
        patched: await patchMachine({ ...machine, signal, name: planned.name, onStored }),
      };
    },
  );
  await held.finishStep('verify', 'done', patched.readBackBytes);
  await keepRecords(held, patched.records);
  const outputBytes = patched.records.reduce((sum, found) => sum + dataBytesOf(found), 0);
  await held.endRefix(mended.map(runsOf), { outputBytes, notes: job.record.notes });
}

/** What a disk in the pool holds cannot be read as cheaply as a file, should its guest be mended anew. */
async function keepRecords(held: JobLedger, disks: readonly BlockRecords[]): Promise<void> {
  await held.clearBlocks();
  for (const [disk, records] of disks.entries()) await held.blockJournal(disk).append(0, records);
}

/** Whether nothing will be done with a VM any more before it may be started. */
function isSettled({ destination }: PoolWork, done: ReadonlySet<StepName>): boolean {
  const { move, snapshot } = destination.after;
  return (move === null || done.has('move')) && (snapshot === null || done.has('snapshot'));
}

function progressOf(
  { observe }: PoolWork,
  { record, planned }: ClaimedJob,
  disk: number,
): (progress: DiskProgress) => void {
  return (progress) =>
    observe({ kind: 'progress', jobId: record.id, name: planned.machine.name, disk, progress });
}

function check(work: PoolWork, { planned }: PlannedJob): void {
  const { earlier, client, marks } = work;
  const vm = earlier.get(marks.ofMachine(planned.machine.id));
  if (vm === undefined) {
    placementOf(work, planned);
    return;
  }
  // It may be in use by now: only its owner may say that it goes.
  throw new XenferryError('TARGET_EXISTS', `an earlier run brought it as ${vm.name} (${vm.uuid})`, {
    file: client.shown,
    hint: 'Keep that one, or let xenferry cleanup --all remove it and run again.',
  });
}

/** Converts the disks on their way into the pool. */
async function convertInto(
  work: PoolWork,
  job: ClaimedJob,
  images: readonly ImageSource[],
): Promise<ImportedMachine> {
  const { pool, signal } = work;
  const mended = await Promise.all(images.map((image) => mendedBlocks(image, signal)));
  const wanted = await importOf(work, job, images, () => mended);
  const means = { pool, signal, onSign: signOf(work, job) };
  const imported = await besideManifestChecks(job.planned.machine, means, (both) =>
    importMachine({ ...wanted.import, signal: both }),
  );
  await job.held.finishStep('verify', 'done', imported.readBackBytes);
  return { ...imported, notes: [...imported.notes, ...wanted.notes] };
}

/** What an import takes, with what is told of it already. `mended` is asked when all is stored. */
async function importOf(
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

function waysIn({ resolved, view }: PoolWork, planned: PlannedMachine) {
  const placement = resolved.placements.get(planned.machine.id);
  return placement === undefined ? [] : importHosts(planned, placement, view);
}

function placementOf({ resolved }: PoolWork, { machine }: PlannedMachine) {
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

/** Removes what broken attempts left. What cannot be removed now goes with the next run, or `xenferry cleanup`. */
async function close({ client, begun, arrived, contact }: PoolWork): Promise<readonly string[]> {
  try {
    if (begun.size === 0) return [];
    // It was waited for long enough.
    if (contact.lost)
      return ['what broken attempts left in the pool is removed by the next run: it cannot be reached'];
    const whole = new Set([...arrived.values()].map(({ uuid }) => uuid));
    const { left } = await removeOwned(client, new Set(await stillOurs(begun)), whole);
    return left.map(({ what, reason }) => `${what} is still in the pool: ${reason}`);
  } catch (error) {
    const reason = describeError(toXenferryError(error));
    return [`what broken attempts left in the pool could not be looked for: ${reason}`];
  } finally {
    await client.close();
  }
}

/** Marks of the jobs that nobody has taken over: what carries those of others is what they make now. */
async function stillOurs(begun: PoolWork['begun']): Promise<string[]> {
  const marks = await Promise.all(
    [...begun].map(([mark, { held }]) =>
      held.check().then(
        () => [mark],
        () => [],
      ),
    ),
  );
  return marks.flat();
}
