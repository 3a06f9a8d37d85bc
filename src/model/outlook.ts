/** A moving batch as the scheduler sees it. Times are milliseconds since 1970, rates bytes a second. */
export interface Outlook {
  /** Forecast; null when nothing is left or nothing is known. */
  readonly endsAt: number | null;
  /** What was said of it before anything was measured. */
  readonly estimateEndsAt: number | null;
  /** Machines that would not end in their window. */
  readonly unfit: number;
  /** In words; null when nothing holds it back. */
  readonly bottleneck: string | null;
  readonly window: {
    readonly name: string;
    readonly opensAt: number;
    readonly closesAt: number;
    readonly open: boolean;
  } | null;
  readonly machinesAtOnce: number;
  /** Cap on the wire; null for none. */
  readonly bandwidth: number | null;
  readonly hops: readonly {
    readonly kind: string;
    readonly name: string;
    readonly bytesPerSecond: number;
    readonly capacity: number | null;
  }[];
  readonly waves: readonly {
    readonly name: string;
    readonly endsAt: number | null;
    readonly unfit: number;
  }[];
  /** `YYYY-MM-DD`. */
  readonly blackOuts: readonly string[];
  /** Whether the operator has all of it rest. */
  readonly onHold: boolean;
  /** By the job's id in the ledger: those that are left. */
  readonly jobs: Readonly<Record<string, JobOutlook>>;
}

export interface JobOutlook {
  readonly startsAt: number | null;
  readonly endsAt: number | null;
  /** Null when nobody said. */
  readonly fits: boolean | null;
  /** Whether it ends after its deadline. */
  readonly late: boolean;
  /** Why it does not start. */
  readonly hold: { readonly kind: string; readonly reason: string; readonly until: number | null } | null;
  /** Since when it has not advanced, when that is too long. */
  readonly stuckSince: number | null;
  /** Whether the operator has it rest. */
  readonly onHold: boolean;
}

/** What a batch did at one moment. */
export interface Sample {
  readonly bytesPerSecond: number;
  /** Machines. */
  readonly running: number;
  /** By kind and name, with a blank between. */
  readonly hops: Readonly<Record<string, number>>;
}
