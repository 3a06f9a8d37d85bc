import type { Timeline } from '../documents.js';
import type { Api } from './api.js';

/** A timeline is the largest of the answers, and is good for so long. */
const GOOD_MS = 8000;

/** Timelines of batches, asked for again only when they have become old. */
export class Timelines {
  readonly #known = new Map<number, { readonly at: number; readonly timeline: Promise<Timeline> }>();

  /** Throws a Problem, as the API does. */
  of(api: Api, batchId: number): Promise<Timeline> {
    const known = this.#known.get(batchId);
    if (known !== undefined && Date.now() - known.at < GOOD_MS) return known.timeline;
    const timeline = api.timeline(batchId);
    this.#known.set(batchId, { at: Date.now(), timeline });
    timeline.catch(() => this.#known.delete(batchId));
    return timeline;
  }
}
