import type { ErrorCode } from '../model/errors.js';
import type { Severity } from '../model/inventory.js';

/** A file of the package, from References (DSP0243 1.1 §7.1). */
export interface OvfFile {
  readonly id: string;
  /** As written: percent-encoded or not, possibly hostile. */
  readonly href: string;
  readonly sizeBytes: number | null;
  /** Lower case, `gzip` for one; null for none and for `identity`. */
  readonly compression: string | null;
  /** Size of the pieces `href.000000000`, ... the file is split into; null when it is whole. */
  readonly chunkBytes: number | null;
  readonly line: number;
}

/** A virtual disk, from DiskSection (DSP0243 1.1 §9.1). */
export interface OvfDisk {
  readonly id: string;
  /** Null when the descriptor does not tell, or what it tells is no size. */
  readonly capacityBytes: number | null;
  /** Advisory. */
  readonly populatedBytes: number | null;
  /** Format URI, usually with the VMDK subtype as its fragment. */
  readonly format: string;
  /** Null for a disk the descriptor wants created empty, and when the reference leads nowhere. */
  readonly file: OvfFile | null;
  /** The disk this one is a delta of. */
  readonly parentRef: string | null;
  readonly line: number;
}

/** A disk where it is plugged in. */
export interface OvfDrive {
  readonly disk: OvfDisk;
  /** `pvscsi`, `lsilogic`, `lsilogicsas`, `buslogic`, `ide`, `ahci` or `nvme`. */
  readonly controller: string;
  /** Which controller of its family (SCSI, IDE, SATA, NVMe), from 0. */
  readonly bus: number;
  readonly unit: number;
  readonly line: number;
}

export interface OvfNic {
  readonly network: string;
  /** Lower case with colons. */
  readonly mac: string | null;
  /** Lower case. */
  readonly adapter: string;
  readonly line: number;
}

export interface OvfOperatingSystem {
  /** CIM_OperatingSystem.OsType number. */
  readonly id: number | null;
  readonly version: string | null;
  /** vSphere guest id such as `ubuntu64Guest`. */
  readonly vmwareType: string | null;
  readonly description: string | null;
}

/** When a machine of a vApp starts (DSP0243 1.1 §9.7). */
export interface OvfStart {
  /** Ascending; equal orders may start together. */
  readonly order: number;
  readonly delaySeconds: number;
  readonly waitForGuest: boolean;
}

export interface OvfVirtualSystem {
  /** Unique within the envelope. */
  readonly id: string;
  /** The Name element, else the id; empty when the descriptor gives neither. */
  readonly name: string;
  readonly annotation: string;
  /** Lower case. */
  readonly uuid: string | null;
  readonly operatingSystem: OvfOperatingSystem;
  readonly firmware: 'bios' | 'efi';
  readonly secureBoot: boolean;
  readonly cpus: number;
  readonly coresPerSocket: number;
  /** 0 when the descriptor does not tell; a critical finding says so. */
  readonly memoryBytes: number;
  /** The boot disk first. */
  readonly drives: readonly OvfDrive[];
  readonly nics: readonly OvfNic[];
  /** Null outside a vApp, or when no StartupSection names the machine. */
  readonly start: OvfStart | null;
  readonly line: number;
}

/** Something wrong that a lenient reader survives; a critical one makes its machine unfit for conversion. */
export interface OvfFinding {
  readonly severity: Severity;
  readonly code: ErrorCode;
  readonly message: string;
  readonly line: number;
  /** Null when it is about the whole descriptor. */
  readonly systemId: string | null;
}

export interface OvfEnvelope {
  readonly files: readonly OvfFile[];
  readonly disks: readonly OvfDisk[];
  /** Names, in document order. */
  readonly networks: readonly string[];
  /** All machines, those of nested collections too, in document order. */
  readonly systems: readonly OvfVirtualSystem[];
  readonly findings: readonly OvfFinding[];
}
