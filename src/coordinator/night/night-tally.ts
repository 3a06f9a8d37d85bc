import type { RecordedError } from '../../ledger/index.js';
import type { MachineFailure } from '../../notifications/index.js';
import type { Decision } from '../../scheduling/index.js';
import type { NightFacts } from './night-notices.js';
import type { TrackedJobs } from './tracked-jobs.js';

/** Adds up how a batch stands, and knows which machines have failed for good. */
export class NightTally {
  readonly #tracked: TrackedJobs;
  /** Nobody has decided yet whether these are tried again. */
  readonly #failed = new Map<string, RecordedError>();
  readonly #given = new Map<string, MachineFailure>();

  constructor(tracked: TrackedJobs) {
    this.#tracked = tracked;
  }

  /** A run has failed; the next decision says whether there is another. */
  failed(id: string, error: RecordedError): void {
    this.#failed.set(id, error);
  }

  /** By machine, the errors of those that have failed since the last time and are not tried again. */
  settle({ heldBack, start }: Pick<Decision, 'heldBack' | 'start'>): Map<string, RecordedError> {
    const given = new Map([...this.#failed].filter(([id]) => !heldBack.has(id) && !start.includes(id)));
    this.#failed.clear();
    for (const [id, error] of given) this.giveUp(id, error);
    return given;
  }

  giveUp(id: string, { code, message, hint }: RecordedError): void {
    this.#given.set(id, { machine: this.#tracked.nameOf(id), code, message, hint });
  }

  /** `heldBack`: the machines that are left to do and do not run. */
  facts(heldBack: Decision['heldBack']): NightFacts {
    const counts = { done: 0, failed: 0, cancelled: 0, left: 0 };
    let movedBytes = 0;
    for (const job of this.#tracked.jobs) {
      const { state, movedBytes: moved } = this.#tracked.of(job.id);
      const isLeft =
        state !== 'done' && state !== 'cancelled' && (state !== 'failed' || heldBack.has(job.id));
      counts[isLeft ? 'left' : state] += 1;
      movedBytes += state === 'done' ? job.bytes : moved;
    }
    const waiting = [...heldBack].map(([id, { reason }]) => ({ machine: this.#tracked.nameOf(id), reason }));
    return { counts, movedBytes, failures: [...this.#given.values()], waiting };
  }
}
