import type { ProgressRecord, StepName } from '../../ledger/index.js';

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

/** Notices, once each time, that a running machine does not come on. */
export class StuckJobs {
  readonly #since = new Map<string, number>();

  /** Since when, by machine. */
  get since(): ReadonlyMap<string, number> {
    return this.#since;
  }

  /** Those that are stuck at `now` (milliseconds since 1970) and were not the last time. */
  look(running: ReadonlyMap<string, ProgressRecord | undefined>, now: number): StuckJob[] {
    for (const id of this.#since.keys()) if (!running.has(id)) this.#since.delete(id);
    return [...running].flatMap(([id, progress]) => {
      if (progress === undefined) return [];
      const { step, advancedAt } = progress;
      if (now - advancedAt < PATIENCE_MS[step]) {
        this.#since.delete(id);
        return [];
      }
      if (this.#since.has(id)) return [];
      this.#since.set(id, advancedAt);
      return [{ id, step, since: advancedAt }];
    });
  }
}
