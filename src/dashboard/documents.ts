/** What the service's API says, as far as the dashboard reads it. Times are ms since 1970, sizes bytes. */

export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface Session {
  readonly name: string;
  readonly role: Role;
  readonly version: string;
}

/** A part of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next part begins; null: this was the last. */
  readonly next: string | null;
}

export type Stage = 'draft' | 'queued' | 'running' | 'ended';

export interface Counts {
  readonly waiting: number;
  readonly running: number;
  readonly paused: number;
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
}

export interface OpenWindow {
  readonly name: string;
  readonly opensAt: number;
  readonly closesAt: number;
  readonly open: boolean;
}

export interface HopRate {
  readonly kind: string;
  readonly name: string;
  readonly bytesPerSecond: number;
  /** Null when it is not known. */
  readonly capacity: number | null;
}

/** What the scheduler last said. */
export interface OutlookSummary {
  readonly at: number;
  /** The forecast; null when it has none. */
  readonly endsAt: number | null;
  readonly estimateEndsAt: number | null;
  /** Machines that will not end before their window does. */
  readonly unfit: number;
  /** In words: `source read on esx03`. */
  readonly bottleneck: string | null;
  readonly window: OpenWindow | null;
  readonly machinesAtOnce: number;
  /** The cap in force; null without one. */
  readonly bandwidth: number | null;
  readonly hops: readonly HopRate[];
}

export interface BatchSummary {
  readonly id: number;
  readonly name: string;
  readonly stage: Stage;
  readonly target: string;
  readonly destination: string;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly counts: Counts;
  readonly machines: number;
  readonly dataBytes: number;
  readonly movedBytes: number;
  readonly bytesPerSecond: number;
  readonly onHold: boolean;
  readonly outlook: OutlookSummary | null;
}

export const JOB_STATES = [
  'planned',
  'fixing',
  'converting',
  'verifying',
  'finishing',
  'paused',
  'done',
  'failed',
  'cancelled',
] as const;
export type JobState = (typeof JOB_STATES)[number];

export interface JobSummary {
  readonly id: number;
  readonly batchId: number;
  readonly machineId: string;
  readonly name: string;
  readonly wave: string;
  readonly state: JobState;
  readonly step: string | null;
  readonly movedBytes: number;
  readonly dataBytes: number;
  readonly bytesPerSecond: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly expectedStart: number | null;
  readonly expectedEnd: number | null;
  /** Whether it ends before its window does; null when nobody knows. */
  readonly fits: boolean | null;
  readonly hold: { readonly kind: string; readonly reason: string; readonly until: number | null } | null;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
  readonly worker: string | null;
  readonly attempts: number;
  readonly stuckSince: number | null;
  readonly onHold: boolean;
}

export interface Concern {
  readonly id: string;
  readonly severity: 'critical' | 'warning' | 'information';
  readonly about: string | null;
  readonly message: string;
  readonly remedy: string;
  readonly fix: string | null;
  readonly waivable: boolean;
  readonly waived: string | null;
}

export interface JobDetail extends JobSummary {
  readonly os: string | null;
  readonly firmware: string | null;
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly steps: readonly {
    readonly name: string;
    readonly state: string;
    readonly startedAt: number | null;
    readonly finishedAt: number | null;
    readonly bytes: number | null;
  }[];
  readonly disks: readonly {
    readonly index: number;
    readonly name: string;
    readonly capacityBytes: number;
    readonly dataBytes: number | null;
    readonly digest: string | null;
    readonly storage: string | null;
  }[];
  readonly nics: readonly { readonly network: string; readonly mac: string | null }[];
  readonly concerns: readonly Concern[];
  /** What was done to the guest; null when nobody looked at it. */
  readonly guest: {
    /** The system that was found; null when it was left as it is. */
    readonly title: string | null;
    /** Why it was left as it is; null when it was changed. */
    readonly left: string | null;
    readonly changes: readonly {
      readonly fixup: string;
      readonly done: readonly string[];
      readonly atFirstBoot: readonly string[];
      readonly warnings: readonly string[];
    }[];
    readonly files: readonly { readonly path: string; readonly change: string }[];
  } | null;
  readonly notes: readonly string[];
  readonly landed: string | null;
  readonly output: string | null;
  readonly failures: readonly { readonly at: number; readonly code: string; readonly message: string }[];
}

export interface EventRecord {
  readonly id: number;
  readonly at: number;
  readonly batchId: number | null;
  readonly jobId: number | null;
  readonly kind: string;
  readonly data: unknown;
}

/** How far jobs have come, between their events. */
export interface ProgressNews {
  readonly jobs: readonly {
    readonly id: number;
    readonly step: string;
    readonly movedBytes: number;
    readonly bytesPerSecond: number;
  }[];
}

export interface Worker {
  readonly name: string;
  readonly startedAt: number;
  readonly beatAt: number;
  readonly endedAt: number | null;
  readonly threads: number;
  readonly slots: number;
}

export interface Overview {
  readonly now: number;
  readonly batches: readonly BatchSummary[];
  readonly workers: readonly Worker[];
}

export const ORDER_VERBS = ['pause', 'resume', 'cancel', 'retry'] as const;
export type OrderVerb = (typeof ORDER_VERBS)[number];
export type OrderScope = 'batch' | 'wave' | 'machine';

export interface Order {
  readonly id: number;
  readonly at: number;
  readonly verb: OrderVerb;
  readonly scope: OrderScope;
  readonly subject: string;
  /** Name of the token. */
  readonly givenBy: string;
  /** Null: the coordinator has not taken it up yet. */
  readonly obeyedAt: number | null;
}

export interface TimelineJob {
  readonly id: number;
  readonly name: string;
  readonly state: JobState;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly expectedStart: number | null;
  readonly expectedEnd: number | null;
}

export interface RateSample {
  readonly at: number;
  readonly bytesPerSecond: number;
  readonly running: number;
  /** Bytes a second by `KIND NAME`. */
  readonly hops: Readonly<Record<string, number>>;
}

export interface Timeline {
  readonly now: number;
  readonly window: OpenWindow | null;
  readonly blackOuts: readonly string[];
  readonly samples: readonly RateSample[];
  readonly jobs: readonly TimelineJob[];
  readonly endsAt: number | null;
  readonly estimateEndsAt: number | null;
}

export interface PlanMachine {
  readonly id: string;
  /** At the source. */
  readonly sourceName: string;
  /** At the target. */
  readonly name: string;
  readonly wave: string;
  readonly os: string;
  readonly dataBytes: number;
  readonly disks: readonly { readonly storage: string | null; readonly dataBytes: number }[];
  readonly nics: readonly { readonly network: string; readonly mac: string | null }[];
  readonly profile: string;
  readonly concerns: readonly Concern[];
  /** Whether the migration leaves it out; then it has no wave. */
  readonly skipped: boolean;
  readonly fixups: string;
}

export interface PlanEstimate {
  readonly bytes: number;
  readonly seconds: number;
  readonly bottleneck: string;
  readonly waves: readonly {
    readonly wave: string;
    readonly machines: number;
    readonly bytes: number;
    readonly seconds: number;
    /** ISO 8601. */
    readonly startsAt: string | null;
    readonly endsAt: string | null;
    readonly windows: number;
    readonly bottleneck: string;
  }[];
  readonly storage: readonly {
    readonly storage: string | null;
    readonly bytes: number;
    readonly freeBytes: number | null;
  }[];
}

export interface PlanDocument {
  /** The migration file's YAML text. */
  readonly migration: string;
  readonly concerns: readonly Concern[];
  /** Descriptors that could not be read. */
  readonly unreadable: readonly {
    readonly file: string;
    readonly line: number | null;
    readonly code: string;
    readonly message: string;
    readonly hint: string;
  }[];
  readonly waves: readonly {
    readonly name: string;
    readonly machineIds: readonly string[];
    readonly window: string | null;
  }[];
  readonly machines: readonly PlanMachine[];
  readonly estimate: PlanEstimate;
  /** Whether a start is refused. */
  readonly blocked: boolean;
}

export interface NewSchedule {
  readonly name: string;
  /** Text of a migration file. */
  readonly migration: string;
  /** Minute, hour, day of the month, month, day of the week. */
  readonly cron: string;
  readonly timeZone: string;
  /** Watched: what is new in it takes the place of the migration's sources; null where none is. */
  readonly folder: string | null;
  readonly quietSeconds: number;
  readonly enabled: boolean;
}

export interface Schedule extends NewSchedule {
  readonly id: number;
  readonly lastAt: number | null;
  /** One sentence. */
  readonly lastResult: string | null;
  readonly nextAt: number | null;
}

export interface Token {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
}

/** One just made: the only time that the token itself is told. */
export interface NewToken extends Token {
  readonly token: string;
}

/** An answer that is no success, as RFC 9457 has it. */
export interface ProblemDocument {
  readonly title: string;
  readonly status: number;
  readonly code: string | null;
  readonly detail: string | null;
  readonly hint: string | null;
}
