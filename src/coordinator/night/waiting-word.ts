import type { Decision } from '../../scheduling/index.js';
import type { BatchObserver } from '../batch-events.js';

/** Tells whoever watches, once each time, that all wait and what for. */
export class WaitingWord {
  readonly #observe: BatchObserver;
  #told = '';

  constructor(observe: BatchObserver) {
    this.#observe = observe;
  }

  look({ heldBack }: Decision, running: number): void {
    const [first] = heldBack.values();
    if (running > 0 || first === undefined) {
      this.#told = '';
      return;
    }
    if (first.kind === this.#told) return;
    this.#told = first.kind;
    this.#observe({ kind: 'waiting', reason: first.reason, machines: heldBack.size });
  }
}
