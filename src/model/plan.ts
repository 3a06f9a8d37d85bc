import type { Destination, KeyReference } from './destination.js';
import type { Problem, Severity } from './inventory.js';
import type { PlannedLive } from './live.js';
import type { PlannedNight } from './night.js';
import type { VirtualMachine } from './virtual-machine.js';
import type { MigrationWindow } from './window.js';

/** A finding about a machine or the whole plan, with what to do about it. */
export interface Concern {
  /** Of the rule, or of the error, that found it: upper case with underscores. */
  readonly id: string;
  readonly severity: Severity;
  /** The disk, network card or device it is about, as the operator calls it; null when it is the whole machine. */
  readonly about: string | null;
  /** One sentence: the evidence. */
  readonly message: string;
  readonly remedy: string;
  /** What the plan already does about it, one sentence; null when it is left to the operator. */
  readonly fix: string | null;
  /** Whether the operator may decide to go on regardless. */
  readonly waivable: boolean;
  /** Why the operator goes on regardless; null when nobody said so. */
  readonly waived: string | null;
}

/** The guest profile a machine gets. */
export interface PlannedProfile {
  readonly id: string;
  readonly title: string;
  /** What the operator must know about such guests, one sentence each. */
  readonly limits: readonly string[];
}

/** What becomes of a disk; the machine's disks have the same order. */
export interface PlannedDisk {
  /** Guest data to move, by the disk's own metadata or, where only a list tells of it, by its figures. */
  readonly dataBytes: number;
  /** The part of `dataBytes` that cannot turn out to be zeros. */
  readonly certainBytes: number;
  /** Storage repository; null where the plan names none. */
  readonly storage: string | null;
}

/** What becomes of a network card; the machine's cards have the same order. */
export interface PlannedNic {
  /** Network at the target; that of the source where no mapping says otherwise. */
  readonly network: string;
  /** Whether a mapping or an override named the network. */
  readonly mapped: boolean;
  /** Null: the pool makes one. */
  readonly mac: string | null;
}

/**
 * Whether the guest is changed so that it runs on Xen. `auto`: a guest that is known must be mended, one that is not
 * known is converted as it is; `attempted`: whatever stands against it, the machine is converted; `off`: never.
 */
export const FIXUP_MODES = ['auto', 'attempted', 'off'] as const;
export type FixupMode = (typeof FIXUP_MODES)[number];

/** How eagerly a pool with high availability restarts a machine whose host failed. */
export const HA_PRIORITIES = ['restart', 'best-effort'] as const;
export type HaPriority = (typeof HA_PRIORITIES)[number];

/** What work inside guests is done with. */
export interface GuestMeans {
  /** Absolute path of a folder with guest tools to install; null when there is none. */
  readonly tools: string | null;
  /** Tried on every LUKS volume. */
  readonly luksKeys: readonly KeyReference[];
  /** Whether no file system of a guest is mounted by this machine itself. */
  readonly isolate: boolean;
}

/** What will be done to one machine. */
export interface PlannedMachine {
  readonly machine: VirtualMachine;
  /** At the target. */
  readonly name: string;
  /** Of its guest family. */
  readonly profile: PlannedProfile;
  /** Name of the file or folder it becomes, in the target folder; of its VM in a pool. */
  readonly output: string;
  readonly disks: readonly PlannedDisk[];
  readonly nics: readonly PlannedNic[];
  /** Cores per socket at the target: those of the source unless they do not divide the CPUs. */
  readonly coresPerSocket: number;
  /** Name of its wave. */
  readonly wave: string;
  /** Position in the start sequence; null where nothing says. */
  readonly startOrder: number | null;
  readonly startDelaySeconds: number;
  /** Whose turn it is to be moved: the greater goes first. */
  readonly priority: number;
  /** Ids of machines that must be there before this one is moved. */
  readonly after: readonly string[];
  /** By which it shall be there, ISO 8601; null where nobody said. */
  readonly deadline: string | null;
  /** Null: not at all. */
  readonly haPriority: HaPriority | null;
  /** Name or UUID of a pool's GPU group, of which it gets a GPU; null for none. */
  readonly gpuGroup: string | null;
  /** Addresses of host devices that it gets, such as `0000:04:00.0`. */
  readonly pci: readonly string[];
  /** Name or UUID of the host that it prefers; null for none. */
  readonly homeHost: string | null;
  readonly fixups: FixupMode;
  /** How it gets out of VMware; null for one that lies in files. */
  readonly live: PlannedLive | null;
  /** Guest data to move, by the disks' own metadata; zeros among it are dropped later. */
  readonly dataBytes: number;
  /** The part of `dataBytes` that cannot turn out to be zeros. */
  readonly certainBytes: number;
  readonly concerns: readonly Concern[];
}

/** For a machine that nobody asked a pool's own settings for. */
export const NO_POOL_SETTINGS = {
  haPriority: null,
  gpuGroup: null,
  pci: [],
  homeHost: null,
} as const satisfies Partial<PlannedMachine>;

/** For a machine that comes when its turn comes. */
export const NO_ORDER = {
  priority: 0,
  after: [],
  deadline: null,
} as const satisfies Partial<PlannedMachine>;

/** A group of machines that are moved together, one wave after the other. */
export interface PlannedWave {
  readonly name: string;
  /** Ids of its machines, in the order in which they are taken. */
  readonly machineIds: readonly string[];
  /** When its machines may be moved; null: at any time. */
  readonly window: MigrationWindow | null;
}

/** What the estimate reckons with. Rates are MiB a second. */
export interface Rates {
  /** What one source (host, datastore, folder of exports) gives to all its readers together. */
  readonly sourceMiBps: number;
  /** The network between source and target, for all machines together. */
  readonly networkMiBps: number;
  /** What one thread converts. */
  readonly threadMiBps: number;
  /** What one storage repository, or the target folder, takes from all writers together. */
  readonly targetMiBps: number;
  /** Seconds a machine takes beside its data: opening, records, verification's start. */
  readonly secondsPerMachine: number;
}

/** What may happen at a time. */
export interface Limits {
  readonly machinesAtOnce: number;
  readonly machinesPerHost: number;
  readonly machinesPerDatastore: number;
  readonly threads: number;
  /** Through one host of the target, and into one of its repositories; null: as many as come. */
  readonly machinesPerTargetHost: number | null;
  readonly machinesPerStorage: number | null;
  readonly byName: LimitsByName;
}

/** Machines at a time on single places, by their names, where that is another number than for all of their kind. */
export interface LimitsByName {
  readonly hosts: Readonly<Record<string, number>>;
  readonly datastores: Readonly<Record<string, number>>;
  readonly targetHosts: Readonly<Record<string, number>>;
  readonly storage: Readonly<Record<string, number>>;
}

/** For a plan that says nothing of the target's places, nor of any place by its name. */
export const NO_PLACE_LIMITS = {
  machinesPerTargetHost: null,
  machinesPerStorage: null,
  byName: { hosts: {}, datastores: {}, targetHosts: {}, storage: {} },
} as const satisfies Partial<Limits>;

/** What can hold a wave back. */
export type Bottleneck = 'source' | 'network' | 'threads' | 'target' | 'machines' | 'window';

export interface WaveEstimate {
  readonly wave: string;
  readonly machines: number;
  readonly bytes: number;
  /** Of work; nights between windows not counted. */
  readonly seconds: number;
  /** ISO 8601; null where the plan gives no start. */
  readonly startsAt: string | null;
  readonly endsAt: string | null;
  /** Windows it takes; 1 when it fits the first. */
  readonly windows: number;
  readonly bottleneck: Bottleneck;
}

/** When one machine is moved, in seconds of work from the start of its wave. */
export interface MachineEstimate {
  readonly machineId: string;
  readonly wave: string;
  readonly startSeconds: number;
  readonly seconds: number;
}

/** What a storage repository, or the target folder, must have. */
export interface StorageEstimate {
  /** Null: the target folder. */
  readonly storage: string | null;
  /** Bytes all planned disks take at most: their data, or their capacity on a thick repository, and the format's own. */
  readonly bytes: number;
  /** Null when unknown. */
  readonly freeBytes: number | null;
}

/** How long the plan takes and what it needs. */
export interface Estimate {
  readonly rates: Rates;
  readonly limits: Limits;
  readonly bytes: number;
  readonly seconds: number;
  readonly bottleneck: Bottleneck;
  readonly waves: readonly WaveEstimate[];
  readonly machines: readonly MachineEstimate[];
  readonly storage: readonly StorageEstimate[];
  /** Bytes needed beside the target while it runs (disks unpacked from gzip). */
  readonly stagingBytes: number;
}

/** Everything a run will do, before anything happens. */
export interface Plan {
  /** Absolute paths. */
  readonly sources: readonly string[];
  /** Absolute path of the folder of the ledger, the report and, where machines become files, of those. */
  readonly target: string;
  readonly destination: Destination;
  readonly guests: GuestMeans;
  readonly machines: readonly PlannedMachine[];
  /** Of all machines; in the order in which they are taken. */
  readonly waves: readonly PlannedWave[];
  readonly night: PlannedNight;
  readonly estimate: Estimate;
  /** Descriptors that could not be read at all; each counts as a failed machine. */
  readonly unreadable: readonly Problem[];
  /** About the plan as a whole. A critical one that is not waived blocks it. */
  readonly concerns: readonly Concern[];
}

export function isCritical(finding: { readonly severity: Severity }): boolean {
  return finding.severity === 'critical';
}

/** Whether it keeps its machine, or the plan, from being run. */
export function isBlocking({ severity, waived }: Pick<Concern, 'severity' | 'waived'>): boolean {
  return severity === 'critical' && waived === null;
}
