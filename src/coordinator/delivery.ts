import type { Plan, PlannedMachine } from '../model/plan.js';
import type { BatchContext, ClaimedJob, PlannedJob } from './job.js';
import type { WarmSource } from './live/warm-source.js';

/** What is brought where. */
export interface Deliverable extends Pick<Plan, 'destination' | 'machines'> {
  /** Whether others bring the other machines of the batch, at the same time. */
  readonly alone?: boolean;
  /** `YYYY-MM-DD`: dates on which no window opens. */
  readonly blackOuts: readonly string[];
  /** In the ledger. */
  readonly batchId: number;
}

/** A part of a machine's data, above 0, that goes through a host of the target. */
export interface HostPart {
  readonly name: string;
  readonly share: number;
}

/** What became of a machine: it is where it belongs, or all that can be done before its cutover is. */
export type MoveEnd = 'moved' | 'waits';

/** How machines get there while they run. */
export interface WarmDelivery {
  /** As `Delivery.deliver`, but that after a failure what is there stays, for the next run to go on with. */
  move(job: ClaimedJob, context: BatchContext, source: WarmSource): Promise<MoveEnd>;
  /** Removes what is there of a machine that nobody goes on with. Rejects as the target's calls do. */
  discard(job: PlannedJob): Promise<void>;
}

/** How machines get to where the plan sends them: one for a batch. */
export interface Delivery {
  /** What is made around a machine's disks, as data: a change of it makes the job another. Throws PROFILE_INVALID. */
  surroundings(planned: PlannedMachine): unknown;
  /** Of the surroundings, as data, what must be as it was for its guest to be mended anew where the machine is. */
  lasting(planned: PlannedMachine): unknown;
  /** How it may get into the target: the hosts it would go through, by name, each with its part of the data. None: unknown. */
  waysIn(planned: PlannedMachine): readonly (readonly HostPart[])[];
  /** Whether an earlier run brought the machine there, verified, and it still is there. */
  isFinished(job: PlannedJob): Promise<boolean>;
  /** Refuses what cannot be delivered, as far as the target alone tells; changes nothing. `deliver` refuses it as well. */
  check(job: PlannedJob): Promise<void>;
  /**
   * Brings the machine there and verifies it, going on where an earlier run stopped as far as the target allows. After
   * a failure nothing is left but what the next run goes on with. `context` is the batch's with a signal of the job's own.
   */
  deliver(job: ClaimedJob, context: BatchContext): Promise<void>;
  /** The same for a machine that runs until the last of it is moved; null: that cannot be. */
  readonly deliverWarm: WarmDelivery | null;
  /**
   * Mends the guest of a machine that is there anew, and writes the blocks that this changes; one that is not there, or only
   * in part, is delivered from the start. What fails is to be done again. Rejects with REFIX_REFUSED where it cannot be;
   * nothing was touched then.
   */
  refix(job: ClaimedJob, context: BatchContext): Promise<void>;
  /** With all machines that are there now. Returns what went wrong, one sentence each; no machine is lost by it. */
  afterwards(jobs: readonly PlannedJob[]): Promise<readonly string[]>;
  /** Returns what was left behind that should not be, one sentence each. */
  close(): Promise<readonly string[]>;
}
