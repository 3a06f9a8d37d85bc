import type { BatchToRun, FiledBatch, Ledger, Order } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';
import type { NewOrder } from './api/batches.js';
import type { PlanDocument } from './api/plans.js';
import type { PlannedMigration, Planner } from './planner.js';

/** Orders that have a batch go on that has ended. */
const GOES_ON: ReadonlySet<NewOrder['verb']> = new Set(['resume', 'retry', 'refix']);

export interface OfficeNeighbours {
  /** Is called when there is something to run. */
  wake(): void;
  /** Whether machines of the batch are being taken back to their source. */
  isTakenBack(batchId: number): boolean;
}

/** Takes in batches and orders, and tells the shift. */
export class BatchOffice {
  readonly #ledger: Ledger;
  readonly #planner: Planner;
  readonly #neighbours: OfficeNeighbours;

  constructor(ledger: Ledger, planner: Planner, neighbours: OfficeNeighbours) {
    this.#ledger = ledger;
    this.#planner = planner;
    this.#neighbours = neighbours;
  }

  /** Plans a migration and files it as a draft; its id. Rejects with BATCH_BUSY and as planning does. */
  async file(name: string, migration: string): Promise<number> {
    const id = await this.#ledger.desk.file(filedBatch(name, await this.#planner.plan(migration, name)));
    if (id === null) {
      throw new XenferryError('BATCH_BUSY', 'a batch of these sources into this target is under way');
    }
    return id;
  }

  /** Plans a draft anew. Rejects with NOT_FOUND, BATCH_BUSY and as planning does. */
  async edit(id: number, migration: string): Promise<PlanDocument> {
    const { name } = await this.#filed(id);
    const planned = await this.#planner.plan(migration, name);
    if (!(await this.#ledger.desk.refile(id, 'draft', filedBatch(name, planned)))) {
      throw new XenferryError(
        'BATCH_BUSY',
        'it is no draft, or another batch has these sources and this target',
      );
    }
    return planned.document;
  }

  /**
   * Has a draft run, or a batch that has ended: what is done stays done, and all else is tried again. `lookedAt`: whether
   * somebody knows its plan, so that it is not run with another one. Rejects with NOT_FOUND, BATCH_BUSY, PLAN_BLOCKED.
   */
  async start(id: number, by: string, lookedAt: boolean): Promise<void> {
    const { stage, run } = await this.#filed(id);
    this.#refuseTakenBack(id);
    const blocking = (await this.plan(id)).concerns.find(
      ({ severity, waived }) => severity === 'critical' && waived === null,
    );
    if (blocking !== undefined) {
      throw new XenferryError('PLAN_BLOCKED', `${blocking.message} (${blocking.id})`, {
        hint: blocking.remedy,
      });
    }
    if (run > 0 && stage !== 'queued' && stage !== 'running') {
      for (const verb of ['resume', 'retry'] as const) {
        await this.#ledger.orders.give({ batchId: id, by, verb, scope: 'batch', subject: '' });
      }
    }
    await this.#queue(id, lookedAt);
  }

  /** What the last planning said. Rejects with NOT_FOUND. */
  async plan(id: number): Promise<PlanDocument> {
    const plan = await this.#ledger.desk.plan(id);
    if (plan === null) throw new XenferryError('NOT_FOUND', `there is no plan of a batch ${id}`);
    return JSON.parse(plan) as PlanDocument;
  }

  /** Rejects with NOT_FOUND, BATCH_BUSY. */
  async remove(id: number): Promise<void> {
    await this.#filed(id);
    this.#refuseTakenBack(id);
    if (await this.#ledger.desk.remove(id)) return;
    throw new XenferryError('BATCH_BUSY', 'a batch that is under way cannot be removed');
  }

  /**
   * Writes an order down for the coordinator. What is only queued is cancelled at once; one to go on with what has
   * ended has it run again. Rejects with NOT_FOUND, BATCH_BUSY.
   */
  async order(id: number, { verb, scope, subject = '' }: NewOrder, by: string): Promise<Order> {
    const { stage } = await this.#filed(id);
    if (stage === 'draft') throw new XenferryError('BATCH_BUSY', 'a draft takes no orders');
    this.#refuseTakenBack(id);
    await this.#refuseUnknown(id, scope, subject);
    const { desk, orders } = this.#ledger;
    const isWholeCancel = verb === 'cancel' && scope === 'batch';
    const obeyed = isWholeCancel && (await desk.setStage(id, ['queued'], 'ended'));
    const order = await orders.give({ batchId: id, by, verb, scope, subject }, obeyed);
    if (GOES_ON.has(verb) && (await desk.setStage(id, ['ended'], 'queued'))) this.#neighbours.wake();
    return order;
  }

  /** Throws NOT_FOUND for a wave or machine that the batch's last run did not have. */
  async #refuseUnknown(id: number, scope: NewOrder['scope'], subject: string): Promise<void> {
    if (scope === 'batch' || (await this.#ledger.views.hasSubject(id, scope, subject))) return;
    const hint = scope === 'machine' ? 'Name it by its machineId in the list of jobs.' : undefined;
    throw new XenferryError('NOT_FOUND', `the batch has no ${scope} ${JSON.stringify(subject)}`, { hint });
  }

  #refuseTakenBack(id: number): void {
    if (!this.#neighbours.isTakenBack(id)) return;
    throw new XenferryError('BATCH_BUSY', 'a machine of it is being taken back to its source');
  }

  async #queue(id: number, lookedAt: boolean): Promise<void> {
    if (!(await this.#ledger.desk.queue(id, ['draft', 'ended'], lookedAt))) {
      throw new XenferryError('BATCH_BUSY', 'the batch is under way already');
    }
    this.#neighbours.wake();
  }

  async #filed(id: number): Promise<BatchToRun> {
    const filed = await this.#ledger.desk.filed(id);
    if (filed === null) throw new XenferryError('NOT_FOUND', `there is no batch ${id}`);
    return filed;
  }
}

export function filedBatch(name: string, { plan, document }: PlannedMigration): FiledBatch {
  return {
    name,
    migration: document.migration,
    sources: JSON.stringify(plan.sources),
    target: plan.target,
    destination: JSON.stringify(plan.destination),
    plan: JSON.stringify(document),
  };
}
