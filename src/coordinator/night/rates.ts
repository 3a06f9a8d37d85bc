import type { ProgressRecord } from '../../ledger/index.js';
import type { Sample } from '../../model/outlook.js';
import {
  hopKey,
  type Job,
  type NightLimits,
  type RateMeter,
  startTuning,
  type Tuning,
  tune,
} from '../../scheduling/index.js';

/** Between two samples of what moves. */
const SAMPLE_MS = 10_000;
/** Between two looks at how many machines at once are best. */
const TUNE_MS = 60_000;

/** A job's run for the meter. */
interface Run {
  job: Job;
  /** Of the machine's data, what earlier runs had moved. */
  base: number | null;
  bytes: number;
  ended: boolean;
}

/** Learns from the jobs' progress how fast things are, and how many machines at once are best. */
export class NightRates {
  readonly meter: RateMeter;
  readonly #limits: NightLimits;
  readonly #runs = new Map<string, Run>();
  #tuning: Tuning;
  #sampledAt = 0;
  #tunedAt: number;

  constructor(meter: RateMeter, limits: NightLimits, now: number) {
    this.meter = meter;
    this.#limits = limits;
    this.#tuning = startTuning(limits.machinesAtOnce, now);
    this.#tunedAt = now;
  }

  get machinesAtOnce(): number {
    return this.#tuning.atOnce;
  }

  begin(job: Job): void {
    this.#runs.set(job.id, { job, base: null, bytes: 0, ended: false });
  }

  /** The job's data goes another way from now on. */
  divert(job: Job): void {
    const run = this.#runs.get(job.id);
    if (run !== undefined) run.job = job;
  }

  end(id: string): void {
    const run = this.#runs.get(id);
    if (run !== undefined) run.ended = true;
  }

  /** Null when it is not time yet. `progressOf`: of a machine's present run; `cap` in bytes a second. */
  sample(
    progressOf: (machineId: string) => ProgressRecord | undefined,
    cap: number | null,
    now: number,
  ): Sample | null {
    if (now - this.#sampledAt < SAMPLE_MS) return null;
    this.#sampledAt = now;
    for (const [id, run] of this.#runs) {
      const moved = progressOf(id)?.movedBytes;
      if (moved === undefined) continue;
      run.base ??= moved;
      run.bytes = Math.max(run.bytes, moved - run.base);
    }
    const runs = [...this.#runs.values()];
    this.meter.sample(runs, now, cap);
    for (const { job, ended } of runs) if (ended) this.#runs.delete(job.id);
    this.#tune(now);
    return this.#sampleOf(runs.filter(({ ended }) => !ended));
  }

  #tune(now: number): void {
    if (now - this.#tunedAt < TUNE_MS) return;
    this.#tunedAt = now;
    const load = { running: this.#runs.size, bytesPerSecond: this.meter.throughput };
    this.#tuning = tune(this.#tuning, load, this.#limits.machinesAtOnce, now);
  }

  #sampleOf(runs: readonly Run[]): Sample {
    const hops: Record<string, number> = {};
    for (const hop of runs.flatMap(({ job }) => job.hops)) {
      hops[hopKey(hop)] = Math.round(this.meter.rateOf(hop)?.throughput ?? 0);
    }
    return { bytesPerSecond: Math.round(this.meter.throughput), running: runs.length, hops };
  }
}
