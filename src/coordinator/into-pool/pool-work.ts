import type { PoolDestination } from '../../model/destination.js';
import type {
  OwnedObject,
  PoolView,
  ResolvedPool,
  SpaceReservations,
  TransferSlots,
} from '../../targets/xapi-pool/index.js';
import type { Ref, XapiClient } from '../../xapi/index.js';
import type { Appliances } from '../appliances.js';
import type { BatchContext, ClaimedJob } from '../job.js';
import type { JobMarks } from '../job-marks.js';

/** A batch's dealings with its pool. */
export interface PoolWork extends BatchContext {
  readonly client: XapiClient;
  /** `YYYY-MM-DD`: dates on which no window opens. */
  readonly blackOuts: readonly string[];
  /** In the ledger. */
  readonly batchId: number;
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
