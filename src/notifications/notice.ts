/** What can be told, by the words of the migration file. */
export const NOTICE_KINDS = [
  'batch-started',
  'batch-ended',
  'machine-failed',
  'job-stuck',
  'window-closing',
  'summary',
] as const;

export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** Of the message that tries a channel, which no channel can be left out of. */
export type MessageKind = NoticeKind | 'test';

export const DEFAULT_NOTICES: readonly NoticeKind[] = NOTICE_KINDS.filter((kind) => kind !== 'batch-started');

/** What all notices have. All times are milliseconds since 1970, all sizes bytes of guest disk. */
interface About {
  /** Name of the batch. */
  readonly batch: string;
  readonly at: number;
  /** IANA name: of the clocks by which times are shown. */
  readonly timeZone: string;
  /** The batch's page below the address under which people reach the service, such as `batches/7`; null for none. */
  readonly page: string | null;
}

/** Something that happened and that people want to know of. */
export type Notice =
  | BatchStarted
  | BatchEnded
  | MachinesFailed
  | JobStuck
  | WindowClosing
  | (About & { readonly kind: 'summary'; readonly night: NightSummary });

/** Nothing has happened: somebody wants to know whether messages arrive. */
export interface Trial extends About {
  readonly kind: 'test';
}

export interface BatchStarted extends About {
  readonly kind: 'batch-started';
  readonly machines: number;
  readonly bytes: number;
  readonly forecastEnd: number | null;
}

export interface BatchEnded extends About {
  readonly kind: 'batch-ended';
  readonly counts: MachineCounts;
  readonly bytes: number;
  readonly seconds: number;
}

export interface MachinesFailed extends About {
  readonly kind: 'machine-failed';
  readonly failures: readonly MachineFailure[];
}

export interface JobStuck extends About {
  readonly kind: 'job-stuck';
  readonly machine: string;
  /** Such as `convert`. */
  readonly step: string;
  /** For so long nothing was heard of it. */
  readonly silentSeconds: number;
}

export interface WindowClosing extends About {
  readonly kind: 'window-closing';
  readonly window: string;
  readonly closesAt: number;
  readonly unfit: readonly { readonly machine: string; readonly forecastEnd: number | null }[];
}

export interface MachineCounts {
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Still to be done. */
  readonly left: number;
}

/** What needs a hand. */
export interface MachineFailure {
  readonly machine: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** One night of a batch, looked back on. */
export interface NightSummary {
  readonly began: number;
  readonly ended: number;
  readonly counts: MachineCounts;
  /** Moved this night. */
  readonly bytes: number;
  /** For so long something was under way. */
  readonly busySeconds: number;
  /** Such as `source read on esx03`; null when nothing was full. */
  readonly slowestHop: string | null;
  /** When the batch was to end as forecast when the night began. */
  readonly forecastEnd: number | null;
  /** When it did end; null when something is left. */
  readonly batchEnd: number | null;
  readonly failures: readonly MachineFailure[];
  /** What is left and why. */
  readonly waiting: readonly { readonly machine: string; readonly reason: string }[];
  /** When it goes on; null for never. */
  readonly nextWindow: number | null;
}
