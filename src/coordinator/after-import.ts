import type { StepName } from '../ledger/index.js';
import type { AfterImport, FinalPlace } from '../model/destination.js';
import { describeError, isCanceled, toXenferryError } from '../model/errors.js';
import {
  findFinalPlace,
  moveVm,
  type OtherPool,
  type PoolView,
  readPool,
  releaseVm,
  type StartableVm,
  type StartOutcome,
  snapshotVm,
  startInOrder,
} from '../targets/xapi-pool/index.js';
import { connectPool, type Ref, type XapiClient } from '../xapi/index.js';
import { type BatchContext, type ClaimedJob, enterStep } from './job.js';
import { inLanes } from './lanes.js';
import { waitForWindow } from './wait-for-window.js';

/** Moves at once: a pool does not make more of them. */
const LANES = 3;

/** A machine that is in the pool. */
export interface ArrivedMachine {
  readonly job: ClaimedJob;
  readonly vm: Ref;
  /** Null for none. */
  readonly appliance: Ref | null;
  /** Marks what is made for it. */
  readonly mark: string;
  /** What earlier runs have done with it. */
  readonly done: ReadonlySet<StepName>;
}

export interface AfterWork extends BatchContext {
  readonly client: XapiClient;
  readonly view: PoolView;
  readonly after: AfterImport;
  /** `YYYY-MM-DD`: dates on which no window opens. */
  readonly blackOuts: readonly string[];
}

/**
 * Moves machines to their final place, takes their snapshots, lets them be started, and starts them, as far as that is
 * wanted and no earlier run has done it. What fails is told and costs no machine. Returns what failed, one sentence
 * each. Rejects with CANCELED, or when the ledger cannot be written.
 */
export async function afterImport(
  work: AfterWork,
  machines: readonly ArrivedMachine[],
): Promise<readonly string[]> {
  const { move } = work.after;
  const other = move?.pool == null ? null : await connectPool({ ...move.pool, patience: work.patience });
  try {
    const there = other === null ? null : { client: other, view: await readPool(other, work.signal) };
    const after = new AfterImportRun(work, there);
    return await after.run(machines);
  } finally {
    await other?.close();
  }
}

class AfterImportRun {
  readonly #work: AfterWork;
  readonly #there: Omit<OtherPool, 'networks'> | null;
  readonly #failures: string[] = [];

  constructor(work: AfterWork, there: Omit<OtherPool, 'networks'> | null) {
    this.#work = work;
    this.#there = there;
  }

  /** Of the pool where they are in the end. */
  get #client(): XapiClient {
    return this.#there?.client ?? this.#work.client;
  }

  async run(machines: readonly ArrivedMachine[]): Promise<readonly string[]> {
    const ready: ArrivedMachine[] = [];
    await inLanes(machines, LANES, async (machine) => {
      const moved = await this.#settle(machine);
      if (moved !== null) ready.push(moved);
    });
    await this.#start(ready);
    for (const { job } of machines) await job.held.setState('done');
    return this.#failures;
  }

  /** To its place, with its snapshot, free to be started. Null: it is not to be started. */
  async #settle(machine: ArrivedMachine): Promise<ArrivedMachine | null> {
    const { after, client } = this.#work;
    const { move, snapshot } = after;
    const moved =
      move === null || machine.done.has('move')
        ? machine
        : await this.#step(machine, 'move', () => this.#move(machine, move));
    // One that could not be moved is where it was, and as good: people may start it.
    if (moved === null) {
      await this.#release(client, machine);
      return null;
    }
    const kept =
      snapshot === null || machine.done.has('snapshot') || (await this.#snapshot(moved, snapshot)) !== null;
    const free = await this.#release(this.#client, moved);
    return kept && free ? moved : null;
  }

  async #snapshot(machine: ArrivedMachine, name: string): Promise<Ref | null> {
    const { signal } = this.#work;
    return await this.#step(machine, 'snapshot', () => snapshotVm(this.#client, machine.vm, name, signal));
  }

  /** Whether it may be started now. */
  async #release(client: XapiClient, { job, vm }: ArrivedMachine): Promise<boolean> {
    try {
      await releaseVm(client, vm);
      await job.held.warm.endCutover();
      return true;
    } catch (error) {
      if (isCanceled(error)) throw error;
      await this.#tell(job, `It is still locked: ${sentence(error)}`);
      return false;
    }
  }

  /** Does a step that may fail, and tells; null for one that did. */
  async #step<T>(
    { job }: ArrivedMachine,
    name: 'move' | 'snapshot',
    action: () => Promise<T>,
  ): Promise<T | null> {
    const { signal } = this.#work;
    await enterStep(this.#work, job, name);
    try {
      const result = await action();
      await job.held.finishStep(name, 'done', 0);
      return result;
    } catch (error) {
      if (signal.aborted || isCanceled(error)) throw error;
      await job.held.finishStep(name, 'failed', 0);
      await this.#tell(job, `${FAILED_STEPS[name]}: ${sentence(error)}`);
      return null;
    }
  }

  async #move(machine: ArrivedMachine, place: FinalPlace): Promise<ArrivedMachine> {
    const { client, view, signal, blackOuts } = this.#work;
    const { job, vm, mark: jobId } = machine;
    if (place.window !== null) await waitForWindow(place.window, blackOuts, signal);
    const there = this.#there;
    const views = { view, there: there?.view ?? view };
    const { storage, host, networks } = await findFinalPlace(client, views, vm, job.planned, place);
    const otherPool = there === null ? null : { ...there, networks };
    const moved = await moveVm(client, view, { vm, storage, host, otherPool, jobId, signal });
    await job.held.addNotes(moved.notes);
    return { ...machine, vm: moved.vm };
  }

  async #start(machines: readonly ArrivedMachine[]): Promise<void> {
    const { after, signal } = this.#work;
    if (after.start === null) return;
    const byVm = new Map<StartableVm, ArrivedMachine>();
    for (const machine of machines) {
      if (machine.done.has('start')) continue;
      const { planned } = machine.job;
      const { name, startOrder, startDelaySeconds } = planned;
      const order = startOrder ?? 0;
      byVm.set({ vm: machine.vm, name, order, startDelaySeconds, appliance: machine.appliance }, machine);
      await enterStep(this.#work, machine.job, 'start');
    }
    const startable = [...byVm.keys()];
    const outcomes = await startInOrder(this.#client, startable, after.start, signal, () => {});
    for (const [index, started] of startable.entries()) {
      const [machine, outcome] = [byVm.get(started), outcomes[index]];
      if (machine === undefined || outcome === undefined) continue;
      const good = outcome.state === 'started';
      await machine.job.held.finishStep('start', good ? 'done' : 'failed', 0);
      if (outcome.state !== 'started') await this.#tell(machine.job, failedStart(outcome));
    }
  }

  async #tell({ planned, held }: ClaimedJob, text: string): Promise<void> {
    this.#failures.push(`${planned.name}: ${text}`);
    await held.addNotes([text]);
  }
}

const FAILED_STEPS = { move: 'It is not moved', snapshot: 'It has no snapshot' } as const;

const FAILED_STARTS = {
  refused: 'It is not started',
  'not-seen': 'It was started and is not seen running',
  'held-back': 'It waits for what it builds on',
} as const;

function failedStart({ state, reason }: Exclude<StartOutcome, { readonly state: 'started' }>): string {
  return `${FAILED_STARTS[state]}: ${reason}.`;
}

function sentence(error: unknown): string {
  return `${describeError(toXenferryError(error))}.`;
}
