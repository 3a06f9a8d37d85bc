import type { ErrorCode } from './errors.js';
import type { VirtualMachine } from './virtual-machine.js';

export type Severity = 'critical' | 'warning' | 'information';

/** A finding while reading a source. A critical one keeps its machine (or the whole descriptor) from being converted. */
export interface Problem {
  readonly severity: Severity;
  readonly code: ErrorCode;
  /** One sentence, without the file name. */
  readonly message: string;
  /** What the operator does next. */
  readonly hint: string;
  /** Descriptor or disk file, relative to the source folder. */
  readonly file: string;
  /** Line in that file, from 1; null where lines make no sense. */
  readonly line: number | null;
  /** The machine's id; null when the finding is about the whole descriptor. */
  readonly machineId: string | null;
}

/** What a list tells of the world its machines live in; null where it does not. */
export interface EstateFacts {
  readonly hosts: readonly {
    readonly name: string;
    readonly datacenter: string | null;
    readonly cluster: string | null;
    /** Sockets, and cores of all sockets together. */
    readonly cpus: number | null;
    readonly cores: number | null;
    readonly memoryBytes: number | null;
    readonly inMaintenance: boolean | null;
    /** Models of its GPUs; none where the list does not tell. */
    readonly gpus: readonly string[];
  }[];
  readonly datastores: readonly {
    readonly name: string;
    /** `VMFS`, `NFS`, `vsan`, ... */
    readonly type: string | null;
    readonly capacityBytes: number | null;
    readonly freeBytes: number | null;
  }[];
  /** Port groups; none where the list does not tell. */
  readonly networks: readonly {
    readonly name: string;
    readonly switch: string | null;
    /** `12`, or of a trunk `1-9, 12`; null for untagged. */
    readonly vlan: string | null;
  }[];
}

export interface Inventory {
  readonly machines: readonly VirtualMachine[];
  readonly problems: readonly Problem[];
  /** Absent where the source is no list. */
  readonly facts?: EstateFacts;
}
