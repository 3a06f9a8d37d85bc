import type { ProgressRecord } from '../../ledger/index.js';
import type { Policy } from '../../model/night.js';
import type { BatchContext } from '../job.js';
import type { NightNotices } from './night-notices.js';
import type { NightRates } from './rates.js';
import type { RunningJobs } from './running-jobs.js';
import { StuckJobs } from './stuck-jobs.js';
import type { TrackedJobs } from './tracked-jobs.js';

interface ProgressParts {
  readonly context: Pick<BatchContext, 'ledger' | 'observe'>;
  readonly batchId: number;
  readonly tracked: TrackedJobs;
  readonly running: RunningJobs;
  readonly rates: NightRates;
  readonly notices: NightNotices;
  readonly stuck: Policy['stuck'];
}

/** Follows how far running machines are. Instants are milliseconds since 1970. */
export class ProgressWatch {
  readonly #parts: ProgressParts;
  readonly #stuck: StuckJobs;

  constructor(parts: ProgressParts) {
    this.#parts = parts;
    this.#stuck = new StuckJobs(parts.stuck);
  }

  /** Since when machines have not come on that should have. */
  get stuckSince(): ReadonlyMap<string, number> {
    return this.#stuck.since;
  }

  /** `cap`: on what may move, in bytes a second; null without one. */
  async look(now: number, cap: number | null): Promise<void> {
    const { context, batchId, tracked, running, rates } = this.#parts;
    if (running.size === 0) return;
    const { nights } = context.ledger;
    const records = await nights.progress(running.ids.map((id) => tracked.ledgerId(id)));
    const progressOf = (id: string) => {
      const record = records.get(tracked.ledgerId(id));
      // What an earlier run left says nothing of this one.
      return record === undefined || record.at < running.since(id) ? undefined : record;
    };
    for (const id of running.ids) {
      // What it moves at its cutover is beside all that it had moved before.
      if (tracked.of(id).awaitsCutover === true) continue;
      tracked.change(id, { movedBytes: progressOf(id)?.movedBytes ?? 0 });
    }
    const sample = rates.sample(progressOf, cap, now);
    if (sample !== null) await nights.addSample(batchId, now, sample);
    await this.#lookForStuck(new Map(running.ids.map((id) => [id, progressOf(id)])), now);
  }

  async #lookForStuck(progress: ReadonlyMap<string, ProgressRecord | undefined>, now: number): Promise<void> {
    const { context, batchId, tracked, running, notices } = this.#parts;
    const { told, hopeless } = this.#stuck.look(progress, now);
    for (const { id, step, since } of hopeless) running.giveUp(id, step, (now - since) / 1000);
    for (const { id, step, since } of told) {
      const { record, planned } = tracked.planned(id);
      const data = { step, since };
      await context.ledger.events.append({ batchId, jobId: record.id, kind: 'stuck', data });
      const seconds = (now - since) / 1000;
      context.observe({ kind: 'stuck', name: planned.name, step, seconds });
      notices.stuck(now, planned.name, step, seconds);
    }
  }
}
