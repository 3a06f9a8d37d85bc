import type { DiskProgress } from '../conversion/index.js';
import type { JobState, Ledger, ProgressRecord, StepName } from '../ledger/index.js';
import type { BatchEvent } from './batch-events.js';

/** Between two writes of all that has changed. */
const REPORT_MS = 2000;
/** Weight of the last seconds in a rate. */
const NEWS = 0.4;

const STEP_OF: Partial<Record<JobState, StepName>> = {
  fixing: 'fix',
  converting: 'convert',
  verifying: 'verify',
  finishing: 'move',
};

interface Running {
  step: StepName;
  /** By disk, in bytes. */
  readonly disks: Map<number, number>;
  /** By disk, names of the target's hosts. */
  readonly hosts: Map<number, string>;
  bytesPerSecond: number;
  advancedAt: number;
  reported: { readonly at: number; readonly movedBytes: number };
}

/** Writes into the ledger how far the jobs have come that run in this process. */
export class ProgressReporter {
  readonly #ledger: Ledger;
  readonly #running = new Map<number, Running>();
  readonly #timer: NodeJS.Timeout;
  #writing: Promise<void> = Promise.resolve();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#timer = setInterval(() => this.#report(), REPORT_MS);
    this.#timer.unref();
  }

  readonly observe = (event: BatchEvent): void => {
    if (event.kind === 'progress') this.#progress(event.jobId, event.disk, event.progress);
    if (event.kind === 'sign') this.#sign(event.jobId);
    if (event.kind === 'host') this.#running.get(event.jobId)?.hosts.set(event.disk, event.host);
    if (event.kind === 'job') this.#entered(event.jobId, STEP_OF[event.state]);
  };

  /** Writes what is left. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#report();
    await this.#writing;
  }

  #entered(jobId: number, step: StepName | undefined): void {
    if (step === undefined) {
      this.#report();
      this.#running.delete(jobId);
      return;
    }
    const now = Date.now();
    const known = this.#running.get(jobId);
    if (known === undefined) {
      const reported = { at: now, movedBytes: 0 };
      const [disks, hosts] = [new Map(), new Map()];
      this.#running.set(jobId, { step, disks, hosts, bytesPerSecond: 0, advancedAt: now, reported });
    } else {
      known.step = step;
      known.advancedAt = now;
    }
  }

  #progress(jobId: number, disk: number, { doneBytes, waits }: DiskProgress): void {
    const running = this.#running.get(jobId);
    if (running === undefined) return;
    if (waits || doneBytes > (running.disks.get(disk) ?? 0)) running.advancedAt = Date.now();
    running.disks.set(disk, doneBytes);
  }

  #sign(jobId: number): void {
    const running = this.#running.get(jobId);
    if (running !== undefined) running.advancedAt = Date.now();
  }

  #report(): void {
    const now = Date.now();
    const records = [...this.#running].map(([jobId, running]) => recordOf(jobId, running, now));
    if (records.length === 0) return;
    this.#writing = this.#writing
      .then(() => this.#ledger.nights.setProgress(records))
      // One that is lost is made up for by the next; a ledger that cannot be written is noticed by who must.
      .catch(() => {});
  }
}

function recordOf(jobId: number, running: Running, now: number): ProgressRecord {
  const movedBytes = [...running.disks.values()].reduce((sum, bytes) => sum + bytes, 0);
  const seconds = (now - running.reported.at) / 1000;
  if (seconds >= 0.5) {
    const rate = Math.max(0, movedBytes - running.reported.movedBytes) / seconds;
    running.bytesPerSecond += NEWS * (rate - running.bytesPerSecond);
    running.reported = { at: now, movedBytes };
  }
  const { step, bytesPerSecond, advancedAt } = running;
  const hosts = [...new Set(running.hosts.values())].sort();
  return { jobId, step, movedBytes, bytesPerSecond, hosts, at: now, advancedAt };
}
