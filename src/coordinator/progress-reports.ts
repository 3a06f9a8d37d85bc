import type { ProgressRecord, StepName } from '../ledger/index.js';
import type { BatchEvent, BatchObserver } from './batch-events.js';
import type { BatchContext } from './job.js';

const REPORT_MILLISECONDS = 2_000;

/** Tells the ledger how far a job has come, for who watches from another machine: also the job's heartbeat. */
export class ProgressReports {
  readonly #ledger: BatchContext['ledger'];
  readonly #tell: BatchObserver;
  readonly #timer: NodeJS.Timeout;
  /** By disk. */
  readonly #moved = new Map<number, number>();
  #last: ProgressRecord | null = null;
  #jobId: number | null = null;
  #step: StepName = 'convert';

  constructor({ ledger, observe }: Pick<BatchContext, 'ledger' | 'observe'>) {
    this.#ledger = ledger;
    this.#tell = observe;
    // One that is lost is made up for by the next.
    this.#timer = setInterval(() => void this.#report().catch(() => {}), REPORT_MILLISECONDS);
  }

  readonly observe = (event: BatchEvent): void => {
    if (event.kind === 'progress') {
      this.#jobId = event.jobId;
      this.#moved.set(event.disk, event.progress.doneBytes);
    }
    if (event.kind === 'job' && event.state === 'verifying') this.#step = 'verify';
    this.#tell(event);
  };

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#report().catch(() => {});
  }

  async #report(): Promise<void> {
    if (this.#jobId === null) return;
    const at = Date.now();
    const movedBytes = [...this.#moved.values()].reduce((sum, bytes) => sum + bytes, 0);
    const last = this.#last;
    const advanced = last === null || last.movedBytes !== movedBytes || last.step !== this.#step;
    const seconds = last === null ? 0 : (at - last.at) / 1000;
    this.#last = {
      jobId: this.#jobId,
      step: this.#step,
      movedBytes,
      bytesPerSecond:
        last === null || seconds === 0 ? 0 : Math.max(0, (movedBytes - last.movedBytes) / seconds),
      at,
      advancedAt: advanced ? at : last.advancedAt,
    };
    await this.#ledger.nights.setProgress([this.#last]);
  }
}
