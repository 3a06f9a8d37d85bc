import type { ErrorCode } from '../model/errors.js';
import type { Severity } from '../model/inventory.js';
import type { DeviceKind, DiskMode, VmwareFeatures } from '../model/virtual-machine.js';

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
  /** Several machines of the package use it at once. */
  readonly shared: boolean;
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
  readonly mode: DiskMode;
  /** Several machines may write to it. */
  readonly shared: boolean;
  /** Null when the descriptor does not tell. */
  readonly thin: boolean | null;
  readonly line: number;
}

export interface OvfNic {
  readonly network: string;
  /** Lower case with colons. */
  readonly mac: string | null;
  /** Lower case: `vmxnet3`, `e1000`, `sriov`, ... */
  readonly adapter: string;
  readonly connected: boolean;
  /** Whether the MAC was set by hand; null when the descriptor does not tell. */
  readonly staticMac: boolean | null;
  readonly line: number;
}

/** What is neither disk, network card nor disk controller. */
export interface OvfDevice {
  readonly kind: DeviceKind;
  readonly label: string;
  readonly connected: boolean;
  /** Name of what lies behind it; null when nothing does or none is known. */
  readonly backing: string | null;
  /** The file of the package behind it; null when it is none of the package's. */
  readonly file: OvfFile | null;
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
  /** vCenter's; lower case. */
  readonly instanceUuid: string | null;
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
  readonly devices: readonly OvfDevice[];
  readonly virtualTpm: boolean;
  /** With the firmware's variables. */
  readonly nvram: OvfFile | null;
  readonly features: VmwareFeatures;
  /** VMware's settings by lower-case key, bounded, without secrets. */
  readonly settings: ReadonlyMap<string, string>;
  /** Values of ProductSections by full key, bounded, without passwords. */
  readonly properties: ReadonlyMap<string, string>;
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
