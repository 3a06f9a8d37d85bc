import type { ProgressRecord, StepName } from '../../ledger/index.js';
import type { Policy } from '../../model/night.js';

/** A step that has not come on for so long is stuck. Steps that tell nothing while they run get longer. */
const PATIENCE_MS: Readonly<Record<StepName, number>> = {
  fix: 30 * 60_000,
  convert: 10 * 60_000,
  verify: 60 * 60_000,
  move: 2 * 3600_000,
  snapshot: 30 * 60_000,
  start: 30 * 60_000,
};

/** A running machine that does not come on. */
export interface StuckJob {
  readonly id: string;
  readonly step: StepName;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Notices, once each time, that a running machine does not come on, and after `giveUpSeconds` more that it will not. */
export class StuckJobs {
  readonly #giveUpSeconds: number | null;
  readonly #since = new Map<string, number>();

  constructor({ giveUpSeconds }: Policy['stuck']) {
    this.#giveUpSeconds = giveUpSeconds;
  }

  /** Since when, by machine. */
  get since(): ReadonlyMap<string, number> {
    return this.#since;
  }

  /**
   * At `now` (milliseconds since 1970): those that are stuck and were not the last time, and, each time anew, those that
   * are to be given up.
   */
  look(
    running: ReadonlyMap<string, ProgressRecord | undefined>,
    now: number,
  ): { readonly told: readonly StuckJob[]; readonly hopeless: readonly StuckJob[] } {
    for (const id of this.#since.keys()) if (!running.has(id)) this.#since.delete(id);
    const told: StuckJob[] = [];
    const hopeless: StuckJob[] = [];
    for (const [id, progress] of running) {
      if (progress === undefined) continue;
      const { step, advancedAt: since } = progress;
      const beyond = now - since - PATIENCE_MS[step];
      if (beyond < 0) {
        this.#since.delete(id);
        continue;
      }
      if (this.#since.get(id) !== since) told.push({ id, step, since });
      this.#since.set(id, since);
      if (this.#giveUpSeconds !== null && beyond >= this.#giveUpSeconds * 1000)
        hopeless.push({ id, step, since });
    }
    return { told, hopeless };
  }
}
