import type { BatchSummary } from '../documents.js';
import { count } from './amounts.js';
import { verdict } from './night-words.js';
import type { Tone } from './states.js';

interface Known {
  readonly failed: number;
  readonly tone: Tone;
}

/** What is worth saying aloud of batches since they were last looked at: more failures, and another verdict. */
export class BatchNews {
  readonly #known = new Map<number, Known>();

  /** Null when there is nothing to say, and for a batch that is seen for the first time. */
  of(batch: BatchSummary, now: number): string | null {
    const { text, tone } = verdict(batch, now);
    const { failed } = batch.counts;
    const before = this.#known.get(batch.id);
    this.#known.set(batch.id, { failed, tone });
    if (before === undefined) return null;
    if (failed > before.failed)
      return `${batch.name}: ${count(failed - before.failed, 'machine')} failed just now.`;
    return tone === before.tone ? null : `${batch.name}: ${text}.`;
  }
}
