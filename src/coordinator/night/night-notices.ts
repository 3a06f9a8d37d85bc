import type { RecordedError } from '../../ledger/index.js';
import type { Outlook } from '../../model/outlook.js';
import type { MachineCounts, MachineFailure, NightSummary, Notice } from '../../notifications/index.js';

/** Who is told of a batch, and what it is called. */
export interface NoticeWish {
  readonly tell: (notice: Notice) => void;
  /** Name of the batch. */
  readonly batch: string;
  /** Below the address of the service, such as `#/batches/7`; null for none. */
  readonly page: string | null;
}

/** A batch as it stands, for a summary. */
export interface NightFacts {
  readonly counts: MachineCounts;
  /** Of guest data. */
  readonly movedBytes: number;
  readonly failures: readonly MachineFailure[];
  readonly waiting: readonly { readonly machine: string; readonly reason: string }[];
}

/** So long before a window closes people are told what will not be done. */
const CLOSING_MS = 3600_000;

/** Tells people of a batch. Instants are milliseconds since 1970. */
export class NightNotices {
  readonly #wish: NoticeWish;
  readonly #timeZone: string;
  readonly #bottlenecks = new Map<string, number>();
  #began: number;
  #bytesBefore = 0;
  #busySeconds = 0;
  #lookedAt: number | null = null;
  #forecastEnd: number | null = null;
  #isOpen = true;
  /** End of the opening of which it was told that not all fits. */
  #warnedOf: number | null = null;

  constructor(wish: NoticeWish, timeZone: string, now: number) {
    this.#wish = wish;
    this.#timeZone = timeZone;
    this.#began = now;
  }

  started(now: number, machines: number, bytes: number, forecastEnd: number | null): void {
    this.#forecastEnd = forecastEnd;
    this.#wish.tell({ ...this.#about(now), kind: 'batch-started', machines, bytes, forecastEnd });
  }

  failed(now: number, machine: string, { code, message, hint }: RecordedError): void {
    const failures = [{ machine, code, message, hint }];
    this.#wish.tell({ ...this.#about(now), kind: 'machine-failed', failures });
  }

  stuck(now: number, machine: string, step: string, silentSeconds: number): void {
    this.#wish.tell({ ...this.#about(now), kind: 'job-stuck', machine, step, silentSeconds });
  }

  /** Also tells that a window closes, and what a night has brought once it has. `nameOf`: of a job, by its id. */
  look(
    outlook: Outlook,
    now: number,
    busy: boolean,
    nameOf: (jobId: string) => string,
    facts: () => NightFacts,
  ): void {
    const seconds = this.#lookedAt === null ? 0 : (now - this.#lookedAt) / 1000;
    this.#lookedAt = now;
    if (busy) this.#busySeconds += seconds;
    if (outlook.bottleneck !== null) {
      this.#bottlenecks.set(outlook.bottleneck, (this.#bottlenecks.get(outlook.bottleneck) ?? 0) + seconds);
    }
    const { window } = outlook;
    if (window === null) return;
    if (window.open) this.#warn(outlook, window, now, nameOf);
    if (this.#isOpen && !window.open) this.#summarize(facts(), now, null, window.opensAt);
    if (!this.#isOpen && window.open) this.#newNight(now, outlook.endsAt);
    this.#isOpen = window.open;
  }

  ended(now: number, facts: NightFacts, seconds: number): void {
    const { counts, movedBytes: bytes } = facts;
    this.#wish.tell({ ...this.#about(now), kind: 'batch-ended', counts, bytes, seconds });
    this.#summarize(facts, now, now, null);
  }

  #warn(
    { jobs }: Outlook,
    window: NonNullable<Outlook['window']>,
    now: number,
    nameOf: (jobId: string) => string,
  ): void {
    const { name, closesAt } = window;
    if (closesAt - now > CLOSING_MS || this.#warnedOf === closesAt) return;
    const unfit = Object.entries(jobs).flatMap(([id, { fits, hold, endsAt }]) =>
      fits === false && hold === null ? [{ machine: nameOf(id), forecastEnd: endsAt }] : [],
    );
    if (unfit.length === 0) return;
    this.#warnedOf = closesAt;
    this.#wish.tell({ ...this.#about(now), kind: 'window-closing', window: name, closesAt, unfit });
  }

  #summarize(facts: NightFacts, now: number, batchEnd: number | null, nextWindow: number | null): void {
    const { counts, movedBytes, failures, waiting } = facts;
    const night: NightSummary = {
      began: this.#began,
      ended: now,
      counts,
      bytes: Math.max(0, movedBytes - this.#bytesBefore),
      busySeconds: this.#busySeconds,
      slowestHop: longestOf(this.#bottlenecks),
      forecastEnd: this.#forecastEnd,
      batchEnd,
      failures,
      waiting,
      nextWindow,
    };
    this.#bytesBefore = movedBytes;
    this.#wish.tell({ ...this.#about(now), kind: 'summary', night });
  }

  #newNight(now: number, forecastEnd: number | null): void {
    this.#began = now;
    this.#busySeconds = 0;
    this.#bottlenecks.clear();
    this.#forecastEnd = forecastEnd;
  }

  #about(at: number) {
    const { batch, page } = this.#wish;
    return { batch, at, timeZone: this.#timeZone, page };
  }
}

function longestOf(seconds: ReadonlyMap<string, number>): string | null {
  const [longest] = [...seconds].sort((a, b) => b[1] - a[1]);
  return longest?.[0] ?? null;
}
