import type { Database, Row } from './database.js';
import type { DiskStore } from './disk-store.js';
import { XapiFailure } from './failure.js';
import type { Faults } from './faults.js';
import type { Schedule } from './schedule.js';
import type { Sessions } from './sessions.js';
import type { Tasks } from './tasks.js';

/** What the pool takes time for, and how much. */
export interface Timings {
  /** How long a wrong password takes to be refused. */
  readonly loginDelayMs: number;
  readonly sessionIdleMs: number;
  readonly taskCompletedMs: number;
  readonly taskPendingMs: number;
  /** How often a task's progress is written at most. */
  readonly taskProgressMs: number;
  /** How long a disk stays attached to the host after a transfer that broke; one that succeeds detaches it first. */
  readonly detachMs: number;
  /** How long each call that has a task of its own takes at least. */
  readonly asyncMs: number;
  readonly headerReadMs: number;
  readonly headerTotalMs: number;
  /** How long a host answers that it is starting, after another host became the pool's master. */
  readonly restartMs: number;
  /** How long after the last look an import of an archive looks again whether it is to be cancelled. */
  readonly cancelCheckMs: number;
}

/** What can happen to a whole host. */
export interface HostControl {
  /** Drops all connections; new ones are taken. */
  drop(): void;
  /** Drops all connections and refuses new ones. */
  down(): Promise<void>;
  up(): Promise<void>;
}

/** What of the real thing's behaviour can be turned off. */
export interface Faithfulness {
  /** A raw transfer cut in its last 2 MiB counts as complete, with stale bytes for the rest. */
  readonly shortRawTail: boolean;
  /** A VHD of blocks other than 2 MiB is taken and its content comes out wrong; else it is refused. */
  readonly corruptOddVhdBlocks: boolean;
  /** Whether this host's program knows qcow2. */
  readonly qcow2: boolean;
}

/** The licence's features that are missing, by the name of the restriction: `restrict_vtpm`. */
export type Restrictions = ReadonlySet<string>;

/** What a machine does by itself once it runs; times in milliseconds from its start. */
export interface GuestLife {
  /** When its agent tells `networks`; never without. */
  readonly reportsAfterMs?: number;
  /** As the agent writes them: `{ '0/ip': '10.0.0.2' }`. */
  readonly networks?: Readonly<Record<string, string>>;
  /** When it shuts down. */
  readonly haltsAfterMs?: number;
}

/** Everything that calls and transfers work on. */
/** A disk's content on its way through a host. */
export interface SeenTransfer {
  /** Its name. */
  readonly host: string;
  /** Such as `PUT /import_raw_vdi`. */
  readonly place: string;
  /** As the client calls it; null where a transfer is of no disk. */
  readonly vdi: string | null;
  readonly ended: Promise<void>;
}

export interface PoolState {
  readonly onTransfer: (transfer: SeenTransfer) => void;
  readonly database: Database;
  readonly sessions: Sessions;
  readonly tasks: Tasks;
  readonly disks: DiskStore;
  readonly faults: Faults;
  readonly timings: Timings;
  readonly faithful: Faithfulness;
  readonly restrictions: Restrictions;
  /** The virtual machine that stands for a host's own system, by the host's ref. */
  readonly controlDomains: ReadonlyMap<string, string>;
  /** What a machine does by itself, by its name. */
  readonly guestOf: (name: string) => GuestLife;
  /** How many machines were started so far. */
  domains: number;
  /** The port that all hosts listen on. */
  readonly port: () => number;
  /** By the host's ref. */
  readonly controls: Map<string, HostControl>;
  /** The hosts that are starting, which answer nothing else. */
  readonly booting: Set<string>;
  /** Disks that are being detached from a host's own system, by ref; who attaches them waits for that. */
  readonly detaching: Map<string, Promise<void>>;
  readonly schedule: Schedule;
  /** Transfers under way, so that closing the pool can wait for them. */
  readonly running: Set<Promise<void>>;
}

export function poolRow(state: PoolState): Row {
  const [row] = state.database.all('pool');
  if (row === undefined) {
    throw new XapiFailure('INTERNAL_ERROR', ['no pool']);
  }
  return row;
}

/** The host that speaks for the pool. */
export function masterRow(state: PoolState): Row {
  return state.database.get('host', poolRow(state).text('master'));
}

/** Throws LICENCE_RESTRICTION or FEATURE_RESTRICTED if the licence lacks a feature. */
export function assertFeature(
  state: PoolState,
  restriction: string,
  code: 'LICENCE_RESTRICTION' | 'FEATURE_RESTRICTED',
): void {
  if (state.restrictions.has(restriction)) {
    throw new XapiFailure(code, [restriction]);
  }
}
